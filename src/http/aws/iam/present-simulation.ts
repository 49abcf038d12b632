import type * as Wire from "../../../aws-models/iam.types.ts";
import type { MatchedStatement, SimulatedResult } from "../../../iam/principals/simulation/simulate.ts";
import { statementPositions } from "../../../iam/principals/simulation/statement-positions.ts";

/** `texts` of the policies that were given, by label. */
export function presentResult(
  result: SimulatedResult,
  texts: ReadonlyMap<string, string>,
): Wire.EvaluationResult {
  const { allowedByBoundary, allowedByOrganization } = result;
  return {
    ...{ EvalActionName: result.action, EvalResourceName: result.resource, EvalDecision: result.decision },
    MatchedStatements: result.matched.map((matched) => presentStatement(matched, texts)),
    MissingContextValues: result.missingKeys,
    ...(allowedByBoundary === undefined
      ? {}
      : { PermissionsBoundaryDecisionDetail: { AllowedByPermissionsBoundary: allowedByBoundary } }),
    ...(allowedByOrganization === undefined
      ? {}
      : { OrganizationsDecisionDetail: { AllowedByOrganizations: allowedByOrganization } }),
  };
}

function presentStatement(
  { policy: { label }, role, index }: MatchedStatement,
  texts: ReadonlyMap<string, string>,
): Wire.Statement {
  const text = texts.get(label);
  const position = text === undefined ? undefined : statementPositions(text)[index];
  return {
    SourcePolicyId: label,
    SourcePolicyType: role === "resource" ? "resource" : typeOf(label),
    ...(position === undefined ? {} : { StartPosition: position.start, EndPosition: position.end }),
  };
}

function typeOf(label: string): NonNullable<Wire.Statement["SourcePolicyType"]> {
  if (label.startsWith("arn:aws:iam::aws:")) return "aws-managed";
  if (label.startsWith("arn:")) return "user-managed";
  const [, kind] = /^inline policy \S+ of (user|group|role) /.exec(label) ?? [];
  return (kind as "user" | "group" | "role" | undefined) ?? "none";
}
