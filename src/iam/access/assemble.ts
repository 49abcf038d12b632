import type { RequestContext } from "../authorizer.ts";
import type { Access } from "../policy/access.ts";
import type { Caller } from "../policy/caller.ts";
import { globalContext, resourceTagKeys } from "../principals/global-context.ts";
import type { Identity } from "../principals/identity.ts";
import type { PrincipalPolicies } from "../principals/principal-policies.ts";
import type { PrincipalPolicyCache } from "../principals/principal-policy-cache.ts";
import type { AccountVersions } from "./account-versions.ts";
import type { ResourceAddress, ResourcePolicies, ResourcePolicyCache } from "./resource-policies.ts";

/** Where everything that has a say in a request comes from. */
export interface AccessSources {
  readonly versions: AccountVersions;
  readonly principals: PrincipalPolicyCache;
  readonly resources: ResourcePolicyCache;
  /** Region of resources that have none in their ARN. */
  readonly region: string;
}

/** A request to be judged. */
export interface Question {
  /** Undefined: nobody. */
  readonly identity: Identity | undefined;
  readonly action: string;
  readonly resource: string;
  readonly context: RequestContext;
}

/** How far the accounts have changed that a decision rests on. */
export interface DecisionVersions {
  readonly principal: number | undefined;
  readonly owner: number | undefined;
}

/**
 * The account that owns a resource; that of the caller where the resource is `*`, or names none, or is a managed policy
 * of AWS, which every account has.
 */
export function ownerOf(resource: string, identity: Identity | undefined): string {
  const [, , service, , account] = resource.split(":", 5);
  const named = service === "iam" && account === "aws" ? undefined : account;
  return named || identity?.account || "";
}

export function addressOf(resource: string, owner: string, region: string): ResourceAddress {
  if (/^arn:aws:iam::\d{12}:(?:policy|oidc-provider)\//.test(resource)) {
    return { account: owner, region, repository: undefined, iamArn: resource };
  }
  const match = /^arn:[^:]*:ecr:([^:]*):[^:]*:repository\/(.+)$/s.exec(resource);
  return { account: owner, region: match?.[1] || region, repository: match?.[2] };
}

/** Everything that has a say in a request, in the form in which it is evaluated. */
export function assembleAccess(
  question: Question,
  owner: string,
  own: PrincipalPolicies | undefined,
  resource: ResourcePolicies,
  region: string,
): Access {
  const { identity, action, context } = question;
  const facts = {
    sourceIp: context.sourceIp,
    secure: context.secureTransport,
    time: context.time,
    userAgent: userAgentOf(context),
    region,
  };
  return {
    caller: callerOf(identity),
    action,
    resource: question.resource,
    context: globalContext(identity, own, facts, {
      ...resourceTagKeys(tagPrefixOf(question.resource), resource.tags),
      ...context.conditions,
    }),
    owner,
    identity: own?.identity ?? [],
    boundary: own?.boundary,
    session: own?.session ?? [],
    resourcePolicies: resource.policies,
  };
}

const USER_AGENT_MAX = 512;

/** A pattern is compared with every character of a value: what a client sends is cut. */
export function userAgentOf({ userAgent }: RequestContext): string {
  return userAgent.slice(0, USER_AGENT_MAX);
}

/**
 * What tags of a resource go by beside `aws:ResourceTag` (Service Authorization Reference): of IAM's, those of users and
 * roles alone have another name.
 */
function tagPrefixOf(resource: string): "aws" | "ecr" | "iam" {
  const [, type] = /^arn:[^:]*:iam::[^:]*:([a-z-]+)\//.exec(resource) ?? [];
  if (type === undefined) return "ecr";
  return type === "user" || type === "role" ? "iam" : "aws";
}

function callerOf(identity: Identity | undefined): Caller {
  return identity ?? { kind: "anonymous" };
}
