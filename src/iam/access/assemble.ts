import type { RequestContext } from "../authorizer.ts";
import type { Access } from "../policy/access.ts";
import { accountOfArn, parseArn } from "../policy/arn.ts";
import type { Caller } from "../policy/caller.ts";
import { resourceOf } from "../policy/resource-kinds.ts";
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
  const named = accountOfArn(resource);
  const isOfEverybody = named === "aws" && parseArn(resource)?.service === "iam";
  return (isOfEverybody ? undefined : named) || identity?.account || "";
}

/** Where the policies and tags of what a request is about are kept; undefined where there is nothing to look up. */
export function addressOf(
  action: string,
  resource: string,
  owner: string,
  region: string,
): ResourceAddress | undefined {
  const found = resourceOf(action, resource);
  const at = { account: owner, region: found?.arn?.region || region };
  switch (found?.kind.kept) {
    case "repository":
      return { ...at, repository: found.name };
    case "registry":
      return { ...at, repository: undefined };
    case "iam":
      return { ...at, repository: undefined, iamArn: resource };
    case undefined:
      return undefined;
  }
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
    userAgent: context.userAgent,
    region,
    resourceAccount: owner,
  };
  return {
    caller: callerOf(identity),
    action,
    resource: question.resource,
    context: globalContext(identity, own, facts, {
      ...resourceTagKeys(resourceOf(action, question.resource)?.kind.tagPrefix, resource.tags),
      ...context.conditions,
    }),
    owner,
    identity: own?.identity ?? [],
    boundary: own?.boundary,
    session: own?.session ?? [],
    resourcePolicies: resource.policies,
  };
}

function callerOf(identity: Identity | undefined): Caller {
  return identity ?? { kind: "anonymous" };
}
