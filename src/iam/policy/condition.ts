import { type Context, valuesOf } from "./context.ts";
import { PolicyError } from "./errors.ts";
import { isObject, listOf } from "./json.ts";
import { OPERATORS } from "./operators/index.ts";
import { type Comparison, OperandError, type Operator } from "./operators/operator.ts";
import { Steps } from "./steps.ts";
import { TemplateError } from "./template.ts";

/** One operator on one key: `{"StringLike": {"aws:username": ["a*", "b*"]}}`. */
export interface Condition {
  /** As written: `ForAnyValue:StringLikeIfExists`. */
  readonly operator: string;
  /** As written. */
  readonly key: string;
  readonly wanted: readonly string[];
  /** @throws StepsExceededError */
  holds(context: Context, steps?: Steps): boolean;
}

/** What one comparison costs beside the characters that it looks at. */
const COMPARISON_STEPS = 4;

const OPERATOR_NAME = /^(?:(ForAllValues|ForAnyValue):)?([A-Za-z]+?)(IfExists)?$/;
/** `aws:username`, `ecr:ResourceTag/team`, `token.actions.githubusercontent.com:sub`. */
const KEY = /^[A-Za-z0-9._/-]+:[^\s].*$/;

/**
 * Reads a `Condition` element. All conditions of a statement must hold (IAM: "evaluated using a logical AND").
 * @throws PolicyError naming the operator, key or value that is wrong
 */
export function parseConditions(value: unknown, path: string, variables: boolean): readonly Condition[] {
  if (!isObject(value)) throw new PolicyError(path, "must be an object of condition operators", value);
  return Object.entries(value).flatMap(([operator, keys]) => {
    const at = `${path}.${operator}`;
    const judge = judgeFor(operator, at);
    if (!isObject(keys)) throw new PolicyError(at, "must be an object of condition keys", keys);
    if (Object.keys(keys).length === 0) throw new PolicyError(at, "names no condition key", keys);
    return Object.entries(keys).map(([key, values]) => {
      if (!KEY.test(key)) throw new PolicyError(at, "must name keys with a prefix, like aws:SourceIp", key);
      const wanted = operandsOf(values, `${at}.${key}`);
      const holds = judge(key.toLowerCase(), wanted, `${at}.${key}`, variables);
      return { operator, key, wanted, holds };
    });
  });
}

type Judge = (
  key: string,
  wanted: readonly string[],
  path: string,
  variables: boolean,
) => (context: Context, steps?: Steps) => boolean;

function judgeFor(written: string, path: string): Judge {
  const [, quantifier, name = "", ifExists] = OPERATOR_NAME.exec(written) ?? [];
  if (written === "Null") return judgeNull;
  const operator = OPERATORS.get(name);
  if (operator === undefined) throw new PolicyError(path, "is not a condition operator");
  return (key, wanted, at, variables) => {
    const comparisons = wanted.map((each) => compile(operator, each, at, variables));
    const some: Comparison = (found, context, steps) =>
      comparisons.some((compare) => {
        steps.take(COMPARISON_STEPS + (found.length >> 4));
        return compare(found, context, steps);
      });
    return (context, steps = new Steps()) => {
      const found = valuesOf(context, key);
      if (found.length === 0 && ifExists !== undefined) return true;
      return judgeValues(found, quantifier, operator.negated, (each) => some(each, context, steps));
    };
  };
}

/**
 * - `ForAllValues`: every value of the request holds; so does an empty set, to which a set of empty texts counts.
 * - `ForAnyValue`: at least one value holds; never an empty set.
 * - Neither: IAM defines single values only. Of several, one must compare; for a negated operator none may. An absent key
 *   fails a positive operator and passes a negated one.
 */
function judgeValues(
  found: readonly string[],
  quantifier: string | undefined,
  negated: boolean,
  compares: (found: string) => boolean,
): boolean {
  if (quantifier === "ForAllValues") {
    return found.every((each) => each === "") || found.every((each) => compares(each) !== negated);
  }
  if (quantifier === "ForAnyValue") return found.some((each) => compares(each) !== negated);
  return found.some(compares) !== negated;
}

/** `Null`: `true` wants the key absent, `false` wants it there. */
const judgeNull: Judge = (key, wanted, path) => {
  const absences = wanted.map((each) => {
    if (/^(?:true|false)$/i.test(each)) return each.toLowerCase() === "true";
    throw new PolicyError(path, "must be true or false", each);
  });
  return (context) => absences.includes(valuesOf(context, key).length === 0);
};

function compile(operator: Operator, wanted: string, path: string, variables: boolean): Comparison {
  try {
    return operator.compile(wanted, variables);
  } catch (error) {
    if (!(error instanceof OperandError || error instanceof TemplateError)) throw error;
    throw new PolicyError(path, error.message, error instanceof OperandError ? wanted : undefined);
  }
}

/** Numbers and booleans may stand without quotes. */
function operandsOf(values: unknown, path: string): readonly string[] {
  return listOf(values, path).map((value) => {
    if (typeof value === "string") return value;
    if (typeof value === "number" || typeof value === "boolean") return String(value);
    throw new PolicyError(path, "must be text, a number, a boolean or a list of them", value);
  });
}
