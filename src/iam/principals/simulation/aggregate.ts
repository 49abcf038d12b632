import type { DecisionDetails, MatchedStatement, SimulatedDecision, SimulatedResult } from "./simulate.ts";

/** What the simulation of one action says about all of its resources together. */
export type AggregateResult = Omit<SimulatedResult, "resource" | "action">;

/** From the least restrictive to the most. */
const DECISIONS: readonly SimulatedDecision[] = ["allowed", "implicitDeny", "explicitDeny"];

/**
 * AWS answers one result for an action with several resources: "the top-level EvalDecision reflects the most restrictive
 * decision across all resources" (IAM, EvaluationResult). Its statements are those that led to that decision somewhere.
 */
export function aggregate(results: readonly SimulatedResult[]): AggregateResult {
  const decision = mostRestrictive(results.map((result) => result.decision));
  const decisive = results.filter((result) => result.decision === decision);
  return {
    decision,
    matched: distinct(decisive.flatMap(({ matched }) => matched)),
    missingKeys: [...new Set(results.flatMap(({ missingKeys }) => missingKeys))].sort(),
    details: aggregateDetails(results.flatMap(({ details }) => (details === undefined ? [] : [details]))),
    allowedByBoundary: everywhere(results.map(({ allowedByBoundary }) => allowedByBoundary)),
    allowedByOrganization: everywhere(results.map(({ allowedByOrganization }) => allowedByOrganization)),
  };
}

function mostRestrictive(decisions: readonly SimulatedDecision[]): SimulatedDecision {
  return DECISIONS[Math.max(...decisions.map((decision) => DECISIONS.indexOf(decision)))] ?? "implicitDeny";
}

function distinct(matched: readonly MatchedStatement[]): readonly MatchedStatement[] {
  return [
    ...new Map(matched.map((each) => [`${each.role} ${each.policy.label} ${each.index}`, each])).values(),
  ];
}

/** Of the resources that are another account's. */
function aggregateDetails(all: readonly DecisionDetails[]): DecisionDetails | undefined {
  if (all.length === 0) return undefined;
  return {
    identity: mostRestrictive(all.map(({ identity }) => identity)),
    resource: mostRestrictive(all.map(({ resource }) => resource)),
  };
}

function everywhere(allowed: readonly (boolean | undefined)[]): boolean | undefined {
  return allowed.includes(undefined) ? undefined : !allowed.includes(false);
}
