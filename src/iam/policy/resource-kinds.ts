import { type Arn, parseArn } from "./arn.ts";

/** A policy that hangs on a resource. */
export type ResourcePolicyKind = "repository" | "registry" | "trust";

/** What requests are about, and who besides the caller's own policies has a say in them. */
export interface ResourceKind {
  /** Service that owns it: the third part of its ARN. */
  readonly service: string;
  /** What begins the resource in its ARN: `repository`; `*` for the service as a whole. */
  readonly type: string;
  /** Policies that hang on it, the nearest first. They speak about actions of {@link ResourceKind.askedBy} alone. */
  readonly policies: readonly ResourcePolicyKind[];
  /** Service of the actions that those policies are asked about. */
  readonly askedBy: string;
  /** What its tags go by beside `aws:ResourceTag/…` (Service Authorization Reference); undefined where by nothing else. */
  readonly tagPrefix: string | undefined;
  /** Where its policies and tags are kept; undefined where a decision has nothing to look up. */
  readonly kept: "repository" | "registry" | "iam" | undefined;
}

const PLAIN = { policies: [], tagPrefix: undefined, kept: undefined } as const;
const TAGGED_IN_IAM = { ...PLAIN, service: "iam", askedBy: "iam", kept: "iam" } as const;

/**
 * Every kind of resource, by service and type. A resource policy has a say over its own kind alone, whatever actions and
 * resources it names: a service that is added here brings its own.
 */
const KINDS: readonly ResourceKind[] = [
  {
    ...{ service: "ecr", type: "repository", policies: ["repository", "registry"] },
    ...{ askedBy: "ecr", tagPrefix: "ecr", kept: "repository" },
  },
  { ...PLAIN, service: "ecr", type: "*", policies: ["registry"], askedBy: "ecr", kept: "registry" },
  { ...PLAIN, service: "ecr-public", type: "*", askedBy: "ecr-public" },
  // The tags of users and roles come with the call, which has to find them for their paths.
  { ...PLAIN, service: "iam", type: "user", askedBy: "iam", tagPrefix: "iam" },
  { ...PLAIN, service: "iam", type: "role", policies: ["trust"], askedBy: "sts", tagPrefix: "iam" },
  { ...PLAIN, service: "iam", type: "group", askedBy: "iam" },
  { ...TAGGED_IN_IAM, type: "policy" },
  { ...TAGGED_IN_IAM, type: "oidc-provider" },
  { ...TAGGED_IN_IAM, type: "instance-profile" },
  { ...TAGGED_IN_IAM, type: "mfa" },
  { ...PLAIN, service: "iam", type: "*", askedBy: "iam" },
  { ...PLAIN, service: "sts", type: "*", askedBy: "sts" },
  { ...PLAIN, service: "berth", type: "*", askedBy: "berth" },
];

const BY_NAME: ReadonlyMap<string, ResourceKind> = new Map(
  KINDS.map((kind) => [`${kind.service}:${kind.type}`, kind]),
);

/** A kind with the ARN that a request gives; the ARN is undefined for `*`. */
export interface Resource {
  readonly kind: ResourceKind;
  readonly arn: Arn | undefined;
  /** What follows the type in the ARN: the name of a repository; empty for `*`. */
  readonly name: string;
}

/** What a request is about. `*` is the service of the action as a whole. Undefined for what Berth does not know. */
export function resourceOf(action: string, resource: string): Resource | undefined {
  if (resource === "*") {
    const kind = BY_NAME.get(`${serviceOf(action)}:*`);
    return kind && { kind, arn: undefined, name: "" };
  }
  const arn = parseArn(resource);
  if (arn === undefined) return undefined;
  const slash = arn.resource.indexOf("/");
  const kind = BY_NAME.get(`${arn.service}:${slash < 0 ? arn.resource : arn.resource.slice(0, slash)}`);
  return kind && { kind, arn, name: slash < 0 ? "" : arn.resource.slice(slash + 1) };
}

/** The resource policies that may speak about an action on a resource, the nearest first. */
export function policiesAsked(action: string, resource: string): readonly ResourcePolicyKind[] {
  const kind = resourceOf(action, resource)?.kind;
  return kind !== undefined && kind.askedBy === serviceOf(action) ? kind.policies : [];
}

/** What an action begins with, in lower case: IAM compares actions without regard to case. */
function serviceOf(action: string): string {
  return action.slice(0, Math.max(action.indexOf(":"), 0)).toLowerCase();
}
