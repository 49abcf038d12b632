import type { Access, AttachedPolicy, Decisive, PolicyRole, Verdict } from "./access.ts";
import { type Caller, callerName } from "./caller.ts";
import { type PolicyDocument, parsePolicyDocument } from "./document.ts";
import { PolicyError } from "./errors.ts";
import { evaluateHeeding, heard } from "./evaluate.ts";
import type { PolicyDecider } from "./port.ts";
import { policiesAsked } from "./resource-kinds.ts";
import { Steps } from "./steps.ts";

/** One change that a request needs to be allowed. */
export type Remedy =
  | {
      readonly change: "add";
      readonly role: PolicyRole;
      /** Where the statement goes, in words. */
      readonly to: string;
      readonly statement: StatementJson;
    }
  /** No Allow can help against a Deny: the statement itself has to change. */
  | { readonly change: "amend"; readonly decisive: Decisive }
  /** A policy that takes part cannot be read: it has to be replaced or deleted first. */
  | { readonly change: "replace"; readonly role: PolicyRole; readonly policy: AttachedPolicy }
  /** Comparing a policy takes too many steps: it has to become simpler. */
  | { readonly change: "simplify"; readonly role: PolicyRole; readonly policy: AttachedPolicy }
  /** Nothing that a policy could say would allow it. */
  | { readonly change: "none"; readonly role: PolicyRole };

export interface StatementJson {
  readonly Effect: "Allow";
  readonly Principal?: PrincipalJson;
  readonly Action: string;
  readonly Resource?: string;
}

export type PrincipalJson =
  | "*"
  | { readonly AWS: string }
  | { readonly Service: string }
  | { readonly Federated: string };

/**
 * The smallest statements that would allow a denied request: its one action on its one resource, added where the Allow is
 * missing. Several when an Allow is missing in several places. Against a Deny the statement that denies is named instead.
 * Empty when the request is allowed.
 */
export function smallestStatements(access: Access, decider: PolicyDecider): readonly Remedy[] {
  const remedies: Remedy[] = [];
  const steps = new Steps();
  let current = heard(access, decider);
  // Each round mends the next role that lacks an Allow: identity, boundary, session, and resource or trust.
  for (let round = 0; round < 5; round++) {
    const verdict: Verdict = evaluateHeeding(current, decider, steps);
    if (verdict.allowed) return remedies;
    if (verdict.decidedBy !== undefined) return [{ change: "amend", decisive: verdict.decidedBy }];
    const { role, unreadable, exhausted } = verdict;
    if (unreadable !== undefined) return [{ change: "replace", role, policy: unreadable }];
    if (exhausted !== undefined) return [{ change: "simplify", role, policy: exhausted }];
    const hasPlace = role !== "resource" || policiesAsked(access.action, access.resource).length > 0;
    if (!hasPlace || (role === "identity" && !("account" in access.caller))) {
      return [...remedies, { change: "none", role }];
    }
    const statement = statementFor(access, role);
    const next = withStatement(current, role, statement);
    if (next === undefined) return [...remedies, { change: "none", role }];
    remedies.push({ change: "add", role, to: placeOf(access, role), statement });
    current = next;
  }
  throw new Error("a request lacks an Allow in more places than there are");
}

function statementFor({ caller, action: Action, resource }: Access, role: PolicyRole): StatementJson {
  if (role === "trust") return { Effect: "Allow", Principal: principalOf(caller), Action };
  if (role !== "resource") return { Effect: "Allow", Action, Resource: resource };
  const granted = { Effect: "Allow", Principal: principalOf(caller), Action } as const;
  // The policy of a repository implies it, that of the registry has to say which.
  return isOfRepository(Action, resource) ? granted : { ...granted, Resource: resource };
}

/** The role rather than its session: sessions come and go. */
function principalOf(caller: Caller): PrincipalJson {
  switch (caller.kind) {
    case "anonymous":
      return "*";
    case "service":
      return { Service: caller.service };
    case "federated":
      return { Federated: caller.provider };
    case "session":
      return { AWS: caller.role };
    default:
      return { AWS: caller.arn };
  }
}

function isOfRepository(action: string, resource: string): boolean {
  return policiesAsked(action, resource).includes("repository");
}

/** Whose identity policies count. */
function owningName(caller: Caller): string {
  if (caller.kind === "session") return caller.role;
  if (caller.kind === "federated-user") return caller.user ?? `the root of ${caller.account}`;
  return callerName(caller);
}

function placeOf({ caller, action, resource, boundary, owner }: Access, role: PolicyRole): string {
  const owning = owningName(caller);
  switch (role) {
    case "identity":
      return `a policy of ${owning}`;
    case "boundary":
      return `the permissions boundary of ${owning} (${boundary?.label})`;
    case "session":
      return `the session policy that ${callerName(caller)} was made with`;
    case "trust":
      return `the trust policy of ${resource}`;
    case "resource":
      return isOfRepository(action, resource)
        ? `the policy of ${resource}`
        : `the registry policy of ${owner}`;
  }
}

/** Both documents as one: a caller has one boundary only. */
function merged(boundary: AttachedPolicy, added: AttachedPolicy): AttachedPolicy {
  const { statements, hash } = boundary.document;
  const more = added.document.statements.map((each, at) => ({ ...each, index: statements.length + at }));
  const document = {
    ...boundary.document,
    hash: `${hash}+${added.document.hash}`,
    statements: [...statements, ...more],
  };
  return { ...boundary, document };
}

/** The request with that statement in force; undefined when no policy may have it (an action that is none, …). */
function withStatement(access: Access, role: PolicyRole, statement: StatementJson): Access | undefined {
  const document = parsed(statement, role);
  if (document === undefined) return undefined;
  const added = { label: "the statement to be added", document };
  switch (role) {
    case "identity":
      return { ...access, identity: [...access.identity, added] };
    case "boundary":
      return access.boundary && { ...access, boundary: merged(access.boundary, added) };
    case "session":
      return { ...access, session: [...access.session, added] };
    default:
      return { ...access, resourcePolicies: [...access.resourcePolicies, added] };
  }
}

function parsed(statement: StatementJson, kind: PolicyRole): PolicyDocument | undefined {
  try {
    return parsePolicyDocument(JSON.stringify({ Version: "2008-10-17", Statement: statement }), { kind });
  } catch (error) {
    if (error instanceof PolicyError) return undefined;
    throw error;
  }
}
