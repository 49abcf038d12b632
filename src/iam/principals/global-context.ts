import type { Context } from "../policy/context.ts";
import type { Tags } from "./entity.ts";
import { type Identity, userIdOf } from "./identity.ts";
import type { Organization } from "./organizations.ts";
import type { PrincipalPolicies } from "./principal-policies.ts";

/** What every request says about itself. */
export interface RequestFacts {
  readonly sourceIp: string;
  readonly secure: boolean;
  readonly time: Date;
  readonly userAgent: string;
  readonly region: string;
  /** Account that owns what is asked for; undefined where the caller is told by what comes beside. */
  readonly resourceAccount?: string | undefined;
}

/** A pattern is compared with every character of a value: what a client sends is cut. */
export const USER_AGENT_MAX = 512;

/** Values by condition key. */
export type ContextEntries = Readonly<Record<string, readonly string[]>>;

/**
 * IAM's global condition keys of a request ("AWS global condition context keys"); keys without a value are absent. An
 * `identity` of undefined is nobody, who has some of a principal's keys as well.
 */
export function globalContext(
  identity: Identity | undefined,
  policies: Pick<PrincipalPolicies, "tags" | "sessionFacts" | "organization"> | undefined,
  request: RequestFacts,
  more: ContextEntries = {},
): Context {
  return contextOf({ ...requestKeys(request), ...principalKeys(identity, policies, request.time), ...more });
}

/** The same of a request by somebody who is no principal yet: whoever holds a token of an identity provider. */
export function requestContext(request: RequestFacts, more: ContextEntries): Context {
  return contextOf({ ...requestKeys(request), ...more });
}

/** Condition keys in the form that policies compare: names in lower case. */
export function contextOf(entries: ContextEntries): Context {
  return new Map(Object.entries(entries).map(([key, values]) => [key.toLowerCase(), values]));
}

/** `aws:RequestTag/…` and `aws:TagKeys` of tags that a request brings. */
export function requestTagKeys(tags: Tags): ContextEntries {
  const keys = Object.keys(tags);
  if (keys.length === 0) return {};
  return { ...prefixed("aws:RequestTag", tags), "aws:TagKeys": keys };
}

/** `aws:ResourceTag/…`, also under the name of the service where it has one of its own. */
export function resourceTagKeys(service: string | undefined, tags: Tags): ContextEntries {
  const own = service === undefined ? {} : prefixed(`${service}:ResourceTag`, tags);
  return { ...prefixed("aws:ResourceTag", tags), ...own };
}

/**
 * Condition keys know no letter case ("matches either …, but not both"). Tags whose keys differ in nothing else are not
 * taken any more; of those that are stored the first in the order of characters counts, whatever order they came in.
 */
function prefixed(prefix: string, tags: Tags): ContextEntries {
  const counting = new Map<string, string>();
  for (const key of Object.keys(tags).sort()) {
    if (!counting.has(key.toLowerCase())) counting.set(key.toLowerCase(), key);
  }
  return Object.fromEntries([...counting.values()].map((key) => [`${prefix}/${key}`, [tags[key] ?? ""]]));
}

function requestKeys(request: RequestFacts): ContextEntries {
  return {
    "aws:SourceIp": [request.sourceIp],
    "aws:SecureTransport": [String(request.secure)],
    "aws:CurrentTime": [request.time.toISOString()],
    "aws:EpochTime": [String(Math.floor(request.time.getTime() / 1000))],
    "aws:RequestedRegion": [request.region],
    ...optional("aws:UserAgent", request.userAgent.slice(0, USER_AGENT_MAX)),
    "aws:ViaAWSService": ["false"],
    ...optional("aws:ResourceAccount", request.resourceAccount),
  };
}

/** `aws:PrincipalOrgID` and `aws:PrincipalOrgPaths`. */
export function organizationKeys(organization: Organization | undefined): ContextEntries {
  return {
    ...optional("aws:PrincipalOrgID", organization?.id),
    ...optional("aws:PrincipalOrgPaths", organization?.path),
  };
}

/** What AWS says of a request that nobody signs. */
const NOBODY: ContextEntries = {
  "aws:PrincipalAccount": ["anonymous"],
  "aws:PrincipalType": ["Anonymous"],
  "aws:userid": ["anonymous"],
};

function principalKeys(
  identity: Identity | undefined,
  policies: Pick<PrincipalPolicies, "tags" | "sessionFacts" | "organization"> | undefined,
  time: Date,
): ContextEntries {
  if (identity === undefined) return NOBODY;
  const facts = policies?.sessionFacts;
  return {
    // For a session the ARN of its role: "the key compares the role ARN, not the assumed-role session ARN".
    "aws:PrincipalArn": [identity.kind === "session" ? identity.role : identity.arn],
    "aws:PrincipalAccount": [identity.account],
    "aws:PrincipalType": [PRINCIPAL_TYPES[identity.kind]],
    "aws:PrincipalIsAWSService": ["false"],
    "aws:userid": [userIdOf(identity)],
    ...(identity.kind === "user" ? { "aws:username": [identity.name] } : {}),
    ...organizationKeys(policies?.organization),
    ...prefixed("aws:PrincipalTag", policies?.tags ?? {}),
    ...(facts === undefined ? {} : { "aws:TokenIssueTime": [facts.issuedAt.toISOString()] }),
    ...(facts === undefined ? {} : multiFactorKeys(facts.mfaAt, time)),
    ...optional("aws:SourceIdentity", facts?.sourceIdentity),
    ...optional("aws:FederatedProvider", facts?.federatedProvider),
  };
}

/**
 * Only temporary credentials have them: keys that last are never asked about a second factor. The age, in seconds, is
 * absent where there was none.
 */
export function multiFactorKeys(mfaAt: Date | undefined, time: Date): ContextEntries {
  if (mfaAt === undefined) return { "aws:MultiFactorAuthPresent": ["false"] };
  const age = Math.max(0, Math.floor((time.getTime() - mfaAt.getTime()) / 1000));
  return { "aws:MultiFactorAuthPresent": ["true"], "aws:MultiFactorAuthAge": [String(age)] };
}

const PRINCIPAL_TYPES = {
  ...{ root: "Account", user: "User", session: "AssumedRole" },
  "federated-user": "FederatedUser",
} as const;

function optional(key: string, value: string | undefined): ContextEntries {
  return value === undefined || value === "" ? {} : { [key]: [value] };
}
