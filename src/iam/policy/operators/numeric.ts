import { OperandError, type Operator } from "./operator.ts";
import { type Reading, reading } from "./reading.ts";

const NUMBER = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,3})?$/;

/** A decimal number; undefined for anything else. */
function parseNumber(text: string): number | undefined {
  return NUMBER.test(text) ? Number(text) : undefined;
}

type Relation = (found: number, wanted: number) => boolean;

/** Compares numbers that `parse` reads; a value of the request that it cannot read compares with nothing. */
export function ordered(
  parse: (text: string) => number | undefined,
  read: Reading<number>,
  kind: string,
  relation: Relation,
  negated = false,
): Operator {
  return {
    negated,
    compile(wanted) {
      const limit = parse(wanted);
      if (limit === undefined) throw new OperandError(`must be ${kind}`);
      return (found, _context, steps) => {
        const value = read(found, steps);
        return value !== undefined && relation(value, limit);
      };
    },
  };
}

/** The six relations that IAM has for numbers and for dates. */
export function relations(
  prefix: "Numeric" | "Date",
  parse: (text: string) => number | undefined,
  kind: string,
): Readonly<Record<string, Operator>> {
  const read = reading(parse, 200);
  const equal: Relation = (found, wanted) => found === wanted;
  return {
    [`${prefix}Equals`]: ordered(parse, read, kind, equal),
    [`${prefix}NotEquals`]: ordered(parse, read, kind, equal, true),
    [`${prefix}LessThan`]: ordered(parse, read, kind, (found, wanted) => found < wanted),
    [`${prefix}LessThanEquals`]: ordered(parse, read, kind, (found, wanted) => found <= wanted),
    [`${prefix}GreaterThan`]: ordered(parse, read, kind, (found, wanted) => found > wanted),
    [`${prefix}GreaterThanEquals`]: ordered(parse, read, kind, (found, wanted) => found >= wanted),
  };
}

/** IAM's numeric operators. */
export const NUMERIC_OPERATORS = relations("Numeric", parseNumber, "a number");
