import type { ServiceModel } from "../../aws-models/model.ts";
import { AwsError, invalidParameter } from "./aws-error.ts";
import type { Path, Rule, Violation } from "./constraints.ts";

/** Characters of a value that a message shows. */
const SHOWN_MAX = 256;

/** ECR names the first rule that is broken (ecr.md section 4), by the exception that the operation declares. */
export function jsonValidationError(
  model: ServiceModel,
  operation: string,
  violations: readonly Violation[],
): AwsError {
  const [first] = violations;
  if (first === undefined) throw new Error("there is no violation to report");
  const { path, rule } = first;
  const sentence =
    rule.kind === "pattern" ? `must satisfy regular expression '${rule.pattern}'` : sentenceOf(rule);
  const error = invalidParameter(path.join("."), sentence);
  const declared = model.operations[operation]?.errors ?? [];
  const code = error.code;
  if (declared.includes(code) || !declared.includes("ValidationException")) return error;
  return new AwsError("ValidationException", error.message);
}

/** IAM and STS list every rule that is broken. */
export function queryValidationError(violations: readonly Violation[]): AwsError {
  const sentences = violations.map(
    ({ path, rule, value, sensitive }) =>
      `Value ${sensitive ? "'***'" : show(value)} at '${lowerPath(path)}' failed to satisfy constraint: ${sentenceOf(rule)}`,
  );
  const count = `${sentences.length} validation error${sentences.length === 1 ? "" : "s"} detected`;
  return new AwsError("ValidationError", `${count}: ${sentences.join("; ")}`);
}

function sentenceOf(rule: Rule): string {
  switch (rule.kind) {
    case "required":
      return "Member must not be null";
    case "min-length":
      return `Member must have length greater than or equal to ${rule.bound}`;
    case "max-length":
      return `Member must have length less than or equal to ${rule.bound}`;
    case "min-value":
      return `Member must have value greater than or equal to ${rule.bound}`;
    case "max-value":
      return `Member must have value less than or equal to ${rule.bound}`;
    case "pattern":
      return `Member must satisfy regular expression pattern: ${rule.pattern}`;
    case "enum":
      return `Member must satisfy enum value set: [${rule.values.join(", ")}]`;
    case "characters":
      return "Member must not hold NUL characters or unpaired surrogates";
  }
}

/** `UserName` is shown as `userName`, `Tags[0].Key` as `tags.1.member.key`. */
function lowerPath(path: Path): string {
  return path
    .map((part) => (typeof part === "number" ? part : part.charAt(0).toLowerCase() + part.slice(1)))
    .join(".");
}

function show(value: unknown): string {
  if (value === null) return "null";
  const text = Array.isArray(value) ? `[${value.slice(0, 16).map(plain).join(", ")}]` : plain(value);
  return `'${text.length > SHOWN_MAX ? `${text.slice(0, SHOWN_MAX)}...` : text}'`;
}

function plain(value: unknown): string {
  return typeof value === "object" ? "{...}" : String(value);
}
