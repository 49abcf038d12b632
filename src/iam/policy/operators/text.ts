import { globMatches } from "../glob.ts";
import { parseTemplate, resolveTemplate } from "../template.ts";
import type { Operator } from "./operator.ts";

function text(negated: boolean, { wildcards = false, ignoreCase = false } = {}): Operator {
  return {
    negated,
    compile(wanted, variables) {
      const template = parseTemplate(wanted, { variables, wildcards, ignoreCase });
      return (found, context, steps) => {
        const glob = resolveTemplate(template, context, steps, ignoreCase);
        return glob !== undefined && globMatches(glob, ignoreCase ? found.toLowerCase() : found, steps);
      };
    },
  };
}

/** IAM's string operators. `*` and `?` are wildcards in the Like forms alone; variables work in all. */
export const TEXT_OPERATORS: Readonly<Record<string, Operator>> = {
  StringEquals: text(false),
  StringNotEquals: text(true),
  StringEqualsIgnoreCase: text(false, { ignoreCase: true }),
  StringNotEqualsIgnoreCase: text(true, { ignoreCase: true }),
  StringLike: text(false, { wildcards: true }),
  StringNotLike: text(true, { wildcards: true }),
};
