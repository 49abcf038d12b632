import type * as Wire from "../../../aws-models/iam.types.ts";
import { type AggregateResult, aggregate } from "../../../iam/principals/simulation/aggregate.ts";
import type { MatchedStatement, SimulatedResult } from "../../../iam/principals/simulation/simulate.ts";
import {
  type StatementPosition,
  statementPositions,
} from "../../../iam/principals/simulation/statement-positions.ts";

/** Where the statements of a policy stand, by its label. Looked for when an answer shows one of them. */
export class Positions {
  readonly #texts: ReadonlyMap<string, string>;
  readonly #found = new Map<string, readonly StatementPosition[]>();

  constructor(texts: ReadonlyMap<string, string>) {
    this.#texts = texts;
  }

  of(label: string, statement: number): StatementPosition | undefined {
    let found = this.#found.get(label);
    if (found === undefined) {
      const text = this.#texts.get(label);
      found = text === undefined ? [] : statementPositions(text);
      this.#found.set(label, found);
    }
    return found[statement];
  }
}

/** One action on its resources, each also by itself where the request names any. */
export function presentResult(
  action: string,
  results: readonly SimulatedResult[],
  positions: Positions,
): Wire.EvaluationResult {
  const whole = aggregate(results);
  const resources = results.map(({ resource }) => resource);
  const isEverything = resources.every((resource) => resource === "*");
  return {
    ...{ EvalActionName: action, EvalDecision: whole.decision },
    EvalResourceName: resources.length === 1 ? resources[0] : "*",
    MatchedStatements: whole.matched.map((matched) => presentStatement(matched, positions)),
    // "If you include a list of resources", they stand with the resource.
    MissingContextValues: isEverything ? whole.missingKeys : [],
    ...wholeDetails(whole, isEverything),
    ...presentBoundary(whole),
    ...(whole.allowedByOrganization === undefined
      ? {}
      : { OrganizationsDecisionDetail: { AllowedByOrganizations: whole.allowedByOrganization } }),
    ...(isEverything
      ? {}
      : { ResourceSpecificResults: results.map((result) => presentResource(result, positions)) }),
  };
}

function presentResource(result: SimulatedResult, positions: Positions): Wire.ResourceSpecificResult {
  return {
    ...{ EvalResourceName: result.resource, EvalResourceDecision: result.decision },
    MatchedStatements: result.matched.map((matched) => presentStatement(matched, positions)),
    MissingContextValues: result.missingKeys,
    ...presentDetails(result),
    ...presentBoundary(result),
  };
}

/** Within one account they are "present but … empty", and where all resources are meant absent. */
function wholeDetails(
  whole: AggregateResult,
  isEverything: boolean,
): Pick<Wire.EvaluationResult, "EvalDecisionDetails"> {
  if (whole.details !== undefined || isEverything || whole.allowedByOrganization === false) {
    return presentDetails(whole);
  }
  return { EvalDecisionDetails: {} };
}

/** "If an SCP … denies access, the simulation ends": then there are none. */
function presentDetails({
  details,
  allowedByOrganization,
}: AggregateResult): Pick<Wire.EvaluationResult, "EvalDecisionDetails"> {
  if (details === undefined || allowedByOrganization === false) return {};
  return { EvalDecisionDetails: { IAM: details.identity, Resource: details.resource } };
}

function presentBoundary({
  allowedByBoundary,
}: AggregateResult): Pick<Wire.EvaluationResult, "PermissionsBoundaryDecisionDetail"> {
  if (allowedByBoundary === undefined) return {};
  return { PermissionsBoundaryDecisionDetail: { AllowedByPermissionsBoundary: allowedByBoundary } };
}

function presentStatement(
  { policy: { label }, role, index }: MatchedStatement,
  positions: Positions,
): Wire.Statement {
  const position = positions.of(label, index);
  return {
    SourcePolicyId: sourceOf(label),
    SourcePolicyType: role === "resource" ? "resource" : IAM_POLICY,
    ...(position === undefined ? {} : { StartPosition: position.start, EndPosition: position.end }),
  };
}

/** What AWS answers, though its model has no such value. */
const IAM_POLICY = "IAM Policy" as NonNullable<Wire.Statement["SourcePolicyType"]>;

/** AWS's name of a policy in answers: `user_anna_deploy` of an inline one, of a managed one its bare name. */
function sourceOf(label: string): string {
  if (label.startsWith("arn:")) return label.slice(label.lastIndexOf("/") + 1);
  const [, name, kind, holder] = /^inline policy (\S+) of (user|group|role) (\S+)$/.exec(label) ?? [];
  return name === undefined ? label : `${kind}_${holder}_${name}`;
}
