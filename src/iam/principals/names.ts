import type { EntityKind } from "./entity.ts";
import { IamError } from "./errors.ts";

type NamedKind = EntityKind | "policy" | "instanceProfile";

/** Longest names, as IAM's model has them. */
const NAME_MAX: Readonly<Record<NamedKind, number>> = {
  user: 64,
  group: 128,
  role: 64,
  policy: 128,
  instanceProfile: 128,
};
const NAME = /^[A-Za-z0-9_+=,.@-]+$/;
const PATH = /^(?:\/|\/[\u0021-\u007E]+\/)$/;
const PATH_MAX = 512;

/** @throws IamError ValidationError unless it may name such a thing ("IAM and AWS STS quotas: name requirements") */
export function requireName(kind: NamedKind, name: string): void {
  const max = NAME_MAX[kind];
  if (name.length <= max && NAME.test(name)) return;
  throw new IamError(
    "ValidationError",
    `The specified value for ${kind}Name is invalid. It must contain only alphanumeric characters and/or the following: +=,.@_- and have 1 to ${max} of them`,
  );
}

/** @throws IamError ValidationError unless it is `/` or begins and ends with it */
export function requirePath(path: string): void {
  if (path.length <= PATH_MAX && PATH.test(path)) return;
  throw new IamError(
    "ValidationError",
    "The specified value for path is invalid. It must begin and end with / and contain only alphanumeric characters and/or / characters.",
  );
}
