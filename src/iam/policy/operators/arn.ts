import { cutAtColons } from "../arn.ts";
import { type Glob, globMatches, toGlob } from "../glob.ts";
import type { Steps } from "../steps.ts";
import { parseTemplate, resolveTemplate } from "../template.ts";
import { OperandError, type Operator } from "./operator.ts";

const COLON = 0x3a;
/** What it costs to cut an ARN at its colons and to look at each part. */
const CUTTING_STEPS = 60;

function globComponents(glob: Glob): readonly Glob[] {
  const components: number[][] = [[]];
  for (const unit of glob.units) {
    if (unit === COLON && components.length < 6) components.push([]);
    else components.at(-1)?.push(unit);
  }
  return components.map(toGlob);
}

function matchesComponents(pattern: readonly Glob[], arn: string, steps: Steps): boolean {
  steps.take(CUTTING_STEPS);
  const found = cutAtColons(arn);
  return (
    found.length === 6 &&
    found[0] === "arn" &&
    pattern.length === 6 &&
    pattern.every((glob, at) => globMatches(glob, found[at] ?? "", steps))
  );
}

function arn(negated: boolean): Operator {
  return {
    negated,
    compile(wanted, variables) {
      const template = parseTemplate(wanted, { variables, wildcards: true });
      if (wanted === "*") return (found) => cutAtColons(found).length === 6;
      const fixed = template.fixed && globComponents(template.fixed);
      if (fixed !== undefined && (fixed.length < 6 || !wanted.startsWith("arn:"))) {
        throw new OperandError("must be an ARN with its six components");
      }
      return (found, context, steps) => {
        if (fixed !== undefined) return matchesComponents(fixed, found, steps);
        const glob = resolveTemplate(template, context, steps);
        return glob !== undefined && matchesComponents(globComponents(glob), found, steps);
      };
    },
  };
}

/**
 * IAM's ARN operators: "each of the six colon-delimited components of the ARN is checked separately and each can include
 * wildcards"; Equals and Like "behave identically".
 */
export const ARN_OPERATORS: Readonly<Record<string, Operator>> = {
  ArnEquals: arn(false),
  ArnLike: arn(false),
  ArnNotEquals: arn(true),
  ArnNotLike: arn(true),
};
