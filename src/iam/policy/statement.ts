import { type ActionClause, parseActions, parseResources, type ResourceClause } from "./clauses.ts";
import { type Condition, parseConditions } from "./condition.ts";
import { PolicyError } from "./errors.ts";
import { isObject, type JsonObject } from "./json.ts";
import { KINDS } from "./kinds.ts";
import { type PrincipalEntry, parsePrincipals } from "./principals.ts";
import type { DocumentRules } from "./rules.ts";

/** One statement of a policy, ready to be compared with requests. */
export interface Statement {
  /** Position in the document, from 0. */
  readonly index: number;
  readonly sid: string | undefined;
  readonly effect: "Allow" | "Deny";
  /** Undefined where the document belongs to a principal. */
  readonly principals: { readonly negated: boolean; readonly entries: readonly PrincipalEntry[] } | undefined;
  readonly actions: ActionClause;
  /** Undefined where what carries the policy is the resource. */
  readonly resources: ResourceClause | undefined;
  readonly conditions: readonly Condition[];
}

const ELEMENTS = new Set([
  ...["Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction"],
  ...["Resource", "NotResource", "Condition"],
]);

/**
 * Reads one statement (IAM: "Grammar of the IAM JSON policy language").
 * @throws PolicyError
 */
export function parseStatement(value: unknown, index: number, path: string, rules: DocumentRules): Statement {
  if (!isObject(value)) throw new PolicyError(path, "must be an object", value);
  const unknown = Object.keys(value).find((element) => !ELEMENTS.has(element));
  if (unknown !== undefined) throw new PolicyError(`${path}.${unknown}`, "is not an element of a statement");
  const effect = value["Effect"];
  if (effect !== "Allow" && effect !== "Deny") {
    throw new PolicyError(`${path}.Effect`, "must be Allow or Deny", effect ?? null);
  }
  return {
    index,
    sid: parseSid(value["Sid"], `${path}.Sid`, rules),
    effect,
    principals: parsePrincipalClause(value, effect, path, rules),
    actions: parseActions(value, path, rules),
    resources: parseResources(value, path, rules),
    conditions:
      value["Condition"] === undefined
        ? []
        : parseConditions(value["Condition"], `${path}.Condition`, rules.variables),
  };
}

function parseSid(sid: unknown, path: string, rules: DocumentRules): string | undefined {
  if (sid === undefined) return undefined;
  if (typeof sid !== "string") throw new PolicyError(path, "must be text", sid);
  if (!rules.stored && KINDS[rules.kind].plainSids && !/^[0-9A-Za-z]*$/.test(sid)) {
    throw new PolicyError(path, "must consist of letters and digits", sid);
  }
  return sid;
}

function parsePrincipalClause(
  statement: JsonObject,
  effect: "Allow" | "Deny",
  path: string,
  rules: DocumentRules,
): Statement["principals"] {
  const { Principal: named, NotPrincipal: excepted } = statement;
  if (KINDS[rules.kind].principal === "forbidden") {
    if (named === undefined && excepted === undefined) return undefined;
    throw new PolicyError(
      path,
      `a policy of a principal (${rules.kind}) must not have Principal or NotPrincipal`,
    );
  }
  if ((named === undefined) === (excepted === undefined)) {
    throw new PolicyError(path, "must have exactly one of Principal and NotPrincipal");
  }
  if (excepted === undefined) return { negated: false, entries: parsePrincipals(named, `${path}.Principal`) };
  // IAM: "NotPrincipal must be used with Effect Deny", and not in a role trust policy.
  if (effect === "Allow" || rules.kind === "trust") {
    throw new PolicyError(`${path}.NotPrincipal`, "may only stand in a Deny statement of a resource policy");
  }
  return { negated: true, entries: parsePrincipals(excepted, `${path}.NotPrincipal`) };
}
