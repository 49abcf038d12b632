import { cutAtColons } from "./arn.ts";
import { PolicyError } from "./errors.ts";
import { type Glob, globMatches, wildcardGlob } from "./glob.ts";
import { type JsonObject, textsOf } from "./json.ts";
import { KINDS, V1_ACTIONS } from "./kinds.ts";
import type { DocumentRules } from "./rules.ts";
import { parseTemplate, type Template, TemplateError } from "./template.ts";
import { withoutVariables } from "./variables.ts";

/** `Action` or `NotAction`, in lower case: IAM compares actions without regard to case. */
export interface ActionClause {
  readonly negated: boolean;
  readonly written: readonly string[];
  readonly patterns: readonly Glob[];
}

/** `Resource` or `NotResource`. */
export interface ResourceClause {
  readonly negated: boolean;
  readonly patterns: readonly Template[];
}

const ACTION = /^(?:\*|[A-Za-z0-9-]+:[A-Za-z0-9*?]+)$/;
const IDENTITY_ONLY = "ecr:getauthorizationtoken";
/** At least partition and service; IAM allows no wildcard in the latter. */
const RESOURCE = /^(?:\*|arn:[a-z*?-]+:[a-z0-9-]+(?::.*)?)$/s;
const REPOSITORY_RESOURCE = /^arn:[a-z*?-]+:ecr:[^:]*:[^:]*:repository\/.+$/s;

/** @throws PolicyError unless there is exactly one of Action and NotAction, with actions the document may name */
export function parseActions(statement: JsonObject, path: string, rules: DocumentRules): ActionClause {
  const { value, negated, at } = oneOf(statement, "Action", path);
  if (value === undefined) throw new PolicyError(path, "must have exactly one of Action and NotAction");
  const written = textsOf(value, at);
  for (const action of written) refuseAction(action, negated, at, rules);
  return { negated, written, patterns: written.map((action) => wildcardGlob(action.toLowerCase())) };
}

function refuseAction(action: string, negated: boolean, at: string, rules: DocumentRules): void {
  if (!ACTION.test(action)) {
    throw new PolicyError(at, "must be * or a service and an action, like ecr:PutImage", action);
  }
  if (rules.stored) return;
  const { service } = KINDS[rules.kind];
  const lower = action.toLowerCase();
  if (service !== undefined && !lower.startsWith(`${service}:`) && !(service === "ecr" && lower === "*")) {
    throw new PolicyError(at, `must name actions that begin with ${service}:`, action);
  }
  if (rules.kind === "repository" && lower === IDENTITY_ONLY) {
    throw new PolicyError(
      at,
      "must not name an action that is on no repository, and that identity policies alone allow",
      action,
    );
  }
  if (rules.scope === "V1" && (negated || (lower !== "ecr:*" && !V1_ACTIONS.includes(lower)))) {
    throw new PolicyError(
      at,
      "a registry policy of scope V1 may name ecr:ReplicateImage, ecr:BatchImportUpstreamImage, ecr:CreateRepository and ecr:*",
      action,
    );
  }
}

/** @throws PolicyError when what it names, or that it names anything, does not suit the kind of document */
export function parseResources(
  statement: JsonObject,
  path: string,
  rules: DocumentRules,
): ResourceClause | undefined {
  const { value, negated, at } = oneOf(statement, "Resource", path);
  const rule = KINDS[rules.kind].resource;
  if (value === undefined) {
    if (rule === "required") throw new PolicyError(path, "must have exactly one of Resource and NotResource");
    return undefined;
  }
  if (rule === "forbidden" || (rule === "own" && negated && !rules.stored)) {
    throw new PolicyError(at, `does not belong in a ${rules.kind} policy`);
  }
  return { negated, patterns: textsOf(value, at).map((resource) => parseResource(resource, at, rules)) };
}

function parseResource(resource: string, at: string, rules: DocumentRules): Template {
  const { kind, repository, variables, stored } = rules;
  if (!stored && kind === "repository" && resource !== "*" && resource !== repository) {
    throw new PolicyError(at, "must be * or the repository's own ARN, or better be left out", resource);
  }
  if (!stored && kind === "registry" && resource !== "*" && !REPOSITORY_RESOURCE.test(resource)) {
    throw new PolicyError(
      at,
      "must be * or an ARN like arn:aws:ecr:<region>:<account>:repository/*",
      resource,
    );
  }
  // A variable may hold colons (`${aws:username}`) that do not part an ARN.
  const plain = withoutVariables(resource);
  const missing = resource === "*" ? 0 : 6 - cutAtColons(plain).length;
  if (!RESOURCE.test(plain)) throw new PolicyError(at, "must be * or an ARN", resource);
  if (!stored) refusePartition(resource, at);
  try {
    // IAM: an incomplete ARN is completed "by adding wildcards (*) to all missing fields".
    return parseTemplate(resource + ":*".repeat(Math.max(missing, 0)), { variables, wildcards: true });
  } catch (error) {
    if (error instanceof TemplateError) throw new PolicyError(at, error.message);
    throw error;
  }
}

/** Of AWS; ARNs here are all of the first ("Amazon Resource Names: partition"). */
const PARTITIONS = [
  ...["aws", "aws-cn", "aws-us-gov", "aws-iso", "aws-iso-b", "aws-iso-e", "aws-iso-f", "aws-eusc"],
];

/** A partition that is written with wildcards has to mean one that exists; a variable may mean any. */
function refusePartition(resource: string, at: string): void {
  const [, partition = "*"] = cutAtColons(resource);
  if (partition.startsWith("${")) return;
  const pattern = wildcardGlob(partition);
  if (PARTITIONS.some((known) => globMatches(pattern, known))) return;
  throw new PolicyError(at, `Partition "${partition}" is not valid for resource "${resource.slice(0, 200)}"`);
}

function oneOf(statement: JsonObject, element: "Action" | "Resource", path: string) {
  const { [element]: plain, [`Not${element}`]: not } = statement;
  if (plain !== undefined && not !== undefined) {
    throw new PolicyError(path, `must have exactly one of ${element} and Not${element}`);
  }
  const negated = not !== undefined;
  return { value: plain ?? not, negated, at: `${path}.${negated ? `Not${element}` : element}` };
}
