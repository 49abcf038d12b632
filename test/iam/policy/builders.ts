import type { Access, AttachedPolicy } from "../../../src/iam/policy/access.ts";
import type {
  Caller,
  FederatedUserCaller,
  SessionCaller,
  UserCaller,
} from "../../../src/iam/policy/caller.ts";
import type { Context } from "../../../src/iam/policy/context.ts";
import {
  type ParseOptions,
  type PolicyDocument,
  parsePolicyDocument,
} from "../../../src/iam/policy/document.ts";

export const ACCOUNT = "123456789012";
export const OTHER_ACCOUNT = "210987654321";
export const REPOSITORY = `arn:aws:ecr:eu-north-1:${ACCOUNT}:repository/team/app`;

export const ROOT: Caller = { kind: "root", account: ACCOUNT, arn: `arn:aws:iam::${ACCOUNT}:root` };
export const ALICE: UserCaller = aUser("alice");
export const CI: SessionCaller = {
  kind: "session",
  account: ACCOUNT,
  arn: `arn:aws:sts::${ACCOUNT}:assumed-role/ci/run-7`,
  role: `arn:aws:iam::${ACCOUNT}:role/builds/ci`,
};

/** Somebody that Alice vouches for. */
export const BOB: FederatedUserCaller = {
  kind: "federated-user",
  account: ACCOUNT,
  arn: `arn:aws:sts::${ACCOUNT}:federated-user/Bob`,
  user: ALICE.arn,
};

export function aUser(name: string, account: string = ACCOUNT): UserCaller {
  return { kind: "user", account, arn: `arn:aws:iam::${account}:user/${name}` };
}

export function aContext(values: Readonly<Record<string, string | readonly string[]>> = {}): Context {
  return new Map(
    Object.entries(values).map(([key, value]) => [
      key.toLowerCase(),
      typeof value === "string" ? [value] : value,
    ]),
  );
}

/** A document of one statement that allows everything unless told otherwise; `undefined` takes an element away. */
export function aDocument(
  kind: ParseOptions["kind"],
  element: object = {},
  options: Partial<ParseOptions> = {},
): PolicyDocument {
  return parse(kind, [{ ...PLAIN[kind], ...element }], options);
}

export function parse(
  kind: ParseOptions["kind"],
  statements: unknown,
  options: Partial<ParseOptions> = {},
): PolicyDocument {
  const text = JSON.stringify({ Version: "2012-10-17", Statement: statements });
  return parsePolicyDocument(text, { kind, ...options });
}

const OWNED = { Effect: "Allow", Action: "*", Resource: "*" };
const RESOURCE = { Effect: "Allow", Principal: "*", Action: "ecr:*" };

/** A statement that is right for the kind. */
export const PLAIN: Readonly<Record<ParseOptions["kind"], object>> = {
  identity: OWNED,
  boundary: OWNED,
  session: OWNED,
  trust: { Effect: "Allow", Principal: "*", Action: "sts:AssumeRole" },
  repository: RESOURCE,
  registry: { ...RESOURCE, Resource: "*" },
  resource: RESOURCE,
};

export function attached(document: PolicyDocument, label: string = document.kind): AttachedPolicy {
  return { label, document };
}

/** Alice pulls from a repository of her account and has no policy. */
export function anAccess(more: Partial<Access> = {}): Access {
  return {
    caller: ALICE,
    action: "ecr:BatchGetImage",
    resource: REPOSITORY,
    context: aContext(),
    owner: ACCOUNT,
    identity: [],
    session: [],
    resourcePolicies: [],
    ...more,
  };
}
