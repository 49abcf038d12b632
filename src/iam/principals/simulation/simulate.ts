import type { Access, AttachedPolicy, PolicyRole } from "../../policy/access.ts";
import { parseArn } from "../../policy/arn.ts";
import { accountOf, type Caller } from "../../policy/caller.ts";
import type { Context } from "../../policy/context.ts";
import { parsePolicyDocument } from "../../policy/document.ts";
import { evaluate } from "../../policy/evaluate.ts";
import { matchesAction, matchesConditions, matchesPrincipal, matchesResource } from "../../policy/match.ts";
import { participants } from "../../policy/participants.ts";
import type { PolicyDecider } from "../../policy/port.ts";
import type { Statement } from "../../policy/statement.ts";
import { Steps, StepsExceededError } from "../../policy/steps.ts";
import { contextKeysOf } from "./context-keys.ts";

/** What is simulated: policies, and requests that nobody makes. */
export interface Simulation {
  /** Undefined where nobody is named: then some user of the account that owns the resource. */
  readonly caller: Caller | undefined;
  /** Account that owns resources whose ARNs name none. */
  readonly owner: string;
  readonly context: Context;
  readonly identity: readonly AttachedPolicy[];
  readonly boundary: AttachedPolicy | undefined;
  readonly resourcePolicy: AttachedPolicy | undefined;
  /** Service control policies, by level: each level has to allow. Undefined where none take part. */
  readonly organization: readonly (readonly AttachedPolicy[])[] | undefined;
}

export type SimulatedDecision = "allowed" | "explicitDeny" | "implicitDeny";

export interface SimulatedResult {
  readonly action: string;
  readonly resource: string;
  readonly decision: SimulatedDecision;
  /** That led to the decision: where one denies, those that deny. */
  readonly matched: readonly MatchedStatement[];
  /** Keys that policies ask for and the simulation does not give: with them the answer might be another. */
  readonly missingKeys: readonly string[];
  /** Undefined where the resource is the caller's account's. */
  readonly details: DecisionDetails | undefined;
  /** Undefined without a boundary. */
  readonly allowedByBoundary: boolean | undefined;
  readonly allowedByOrganization: boolean | undefined;
}

/** What each of two accounts says to a request across them: both must allow. */
export interface DecisionDetails {
  /** Policies of the caller. */
  readonly identity: SimulatedDecision;
  /** The policy of the resource. */
  readonly resource: SimulatedDecision;
}

export interface MatchedStatement {
  readonly role: PolicyRole;
  readonly policy: AttachedPolicy;
  readonly index: number;
}

/** One action on one resource. */
export interface Question {
  readonly action: string;
  readonly resource: string;
}

/** Milliseconds for which questions are judged before others get their turn: documents may be long. */
const TURN = 10;

/** Judges requests with the evaluator that judges real ones. */
export async function simulate(
  simulation: Simulation,
  questions: readonly Question[],
  decider: PolicyDecider,
): Promise<readonly SimulatedResult[]> {
  const results: SimulatedResult[] = [];
  let since = performance.now();
  for (const { action, resource } of questions) {
    results.push(judge(simulation, action, resource, decider));
    if (performance.now() - since < TURN) continue;
    await new Promise((resolve) => setImmediate(resolve));
    since = performance.now();
  }
  return results;
}

function judge(
  simulation: Simulation,
  action: string,
  resource: string,
  decider: PolicyDecider,
): SimulatedResult {
  const access = accessOf(simulation, action, resource);
  const own = decisionOf(access, decider);
  const organization = organizationEffect(simulation, access, decider);
  const decision =
    own === "explicitDeny" || organization === undefined || organization === "allowed" ? own : organization;
  const account = accountOf(access.caller);
  return {
    ...{ action, resource, decision, missingKeys: missingKeys(access) },
    matched: matchedStatements(access, decision === "explicitDeny" ? "Deny" : "Allow"),
    details:
      account === undefined || account === access.owner ? undefined : detailsOf(access, account, decider),
    allowedByBoundary: access.boundary && effectOf([access.boundary], access, decider) === "allowed",
    allowedByOrganization: organization && organization === "allowed",
  };
}

function accessOf(simulation: Simulation, action: string, resource: string): Access {
  const { caller, context, identity, boundary, resourcePolicy } = simulation;
  const named = parseArn(resource)?.account ?? "";
  const owner = /^\d{12}$/.test(named) ? named : simulation.owner;
  return {
    caller: caller ?? { kind: "user", account: owner, arn: `arn:aws:iam::${owner}:user/simulated` },
    ...{ action, resource, owner, context, identity, boundary, session: [] },
    resourcePolicies: resourcePolicy === undefined ? [] : [resourcePolicy],
  };
}

/** Both sides of a request across accounts, each as if the other allowed. */
function detailsOf(access: Access, account: string, decider: PolicyDecider): DecisionDetails {
  const inside = { ...access, owner: account, resourcePolicies: [] };
  const outside = { ...access, identity: [ALLOW_ALL], boundary: undefined };
  return { identity: decisionOf(inside, decider), resource: decisionOf(outside, decider) };
}

const ALLOW_ALL: AttachedPolicy = {
  label: "everything",
  document: parsePolicyDocument(`{"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`, {
    kind: "identity",
  }),
};

function decisionOf(access: Access, decider: PolicyDecider): SimulatedDecision {
  const verdict = evaluate(access, decider);
  if (verdict.allowed) return "allowed";
  return verdict.decidedBy === undefined ? "implicitDeny" : "explicitDeny";
}

/** Statements of that effect that apply to the request ("the deny statement is the only entry included in the result"). */
function matchedStatements(access: Access, effect: "Allow" | "Deny"): readonly MatchedStatement[] {
  const { caller, resource, context, boundary } = access;
  const action = access.action.toLowerCase();
  const principal = { caller, directness: 1, bounded: boundary !== undefined } as const;
  const steps = new Steps();
  const applies = (statement: Statement): boolean =>
    matchesAction(statement, action, steps) &&
    matchesPrincipal(statement, principal, steps) &&
    matchesResource(statement, resource, context, steps) &&
    matchesConditions(statement, context, steps);
  return participants(access).flatMap(({ role, policy }) =>
    policy.document.statements
      .filter((statement) => statement.effect === effect && withinSteps(() => applies(statement)))
      .map(({ index }) => ({ role, policy, index })),
  );
}

/** What is not known for having taken too many steps led to no decision either. */
function withinSteps(compare: () => boolean): boolean {
  try {
    return compare();
  } catch (error) {
    if (error instanceof StepsExceededError) return false;
    throw error;
  }
}

/** What policies say together by themselves, as if they were all that the caller has. */
function effectOf(
  policies: readonly AttachedPolicy[],
  access: Access,
  decider: PolicyDecider,
): SimulatedDecision {
  const owner = accountOf(access.caller) ?? access.owner;
  const caller = { kind: "user", account: owner, arn: `arn:aws:iam::${owner}:user/simulated` } as const;
  const alone = { ...access, caller, owner, identity: policies, boundary: undefined, resourcePolicies: [] };
  return decisionOf(alone, decider);
}

function organizationEffect(
  { organization }: Simulation,
  access: Access,
  decider: PolicyDecider,
): SimulatedDecision | undefined {
  if (organization === undefined) return undefined;
  const effects = organization.map((level) => effectOf(level, access, decider));
  return (
    effects.find((effect) => effect === "explicitDeny") ??
    effects.find((effect) => effect !== "allowed") ??
    "allowed"
  );
}

function missingKeys({ identity, boundary, resourcePolicies, context }: Access): readonly string[] {
  const policies = [...identity, ...(boundary === undefined ? [] : [boundary]), ...resourcePolicies];
  const keys = contextKeysOf(policies.map(({ document }) => document));
  return keys.filter((key) => !context.has(key.toLowerCase()));
}
