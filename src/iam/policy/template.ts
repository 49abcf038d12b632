import { type Context, valuesOf } from "./context.ts";
import { type Glob, globMatches, toGlob } from "./glob.ts";
import { type GlobUnits, literalUnits, wildcardUnits } from "./glob-units.ts";
import { Steps } from "./steps.ts";
import { cutAtVariables, type Variable } from "./variables.ts";

/** Text of a policy that may hold wildcards and policy variables. */
export interface Template {
  readonly written: string;
  /** The pattern where nothing depends on the request; then there are no parts. */
  readonly fixed: Glob | undefined;
  readonly parts: readonly (GlobUnits | Variable)[];
}

/** What is special in the text. Variables exist since Version 2012-10-17; in an older document `${` is plain text. */
export interface TemplateRules {
  readonly variables: boolean;
  readonly wildcards: boolean;
  readonly ignoreCase?: boolean;
}

/** What it costs to put one character into a pattern that is made for a request. */
const MAKING_STEPS = 8;

/** Why a text with `${` cannot be read. */
export class TemplateError extends Error {
  override readonly name = "TemplateError";
}

/**
 * Reads a text (IAM: "Policy variables and tags"). `${*}`, `${?}` and `${$}` are those characters themselves.
 * @throws TemplateError where `${` does not begin a variable
 */
export function parseTemplate(written: string, rules: TemplateRules): Template {
  const units = (text: string): GlobUnits => {
    const folded = rules.ignoreCase ? text.toLowerCase() : text;
    return rules.wildcards ? wildcardUnits(folded) : literalUnits(folded);
  };
  if (!rules.variables || !written.includes("${")) {
    return { written, fixed: toGlob(units(written)), parts: [] };
  }
  const parts: (GlobUnits | Variable)[] = [];
  for (const { text, variable, character, rest } of cutAtVariables(written)) {
    if (text !== "") parts.push(units(text));
    if (character !== undefined) parts.push(literalUnits(character));
    else if (variable !== undefined) parts.push({ ...variable, key: variable.key.toLowerCase() });
    else if (rest !== "") throw new TemplateError(`"${rest.slice(0, 60)}" does not begin a policy variable`);
  }
  const fixed = parts.filter(isUnits);
  return { written, fixed: fixed.length === parts.length ? toGlob(fixed.flat()) : undefined, parts };
}

/**
 * The pattern for this request. Values are put in literally: a `*` in a value is no wildcard.
 * @returns undefined when a variable has no value or several (IAM: only single-valued keys) and no default: then the
 * text matches nothing
 */
export function resolveTemplate(
  template: Template,
  context: Context,
  steps: Steps = new Steps(),
  ignoreCase = false,
): Glob | undefined {
  if (template.fixed !== undefined) return template.fixed;
  const resolved: GlobUnits[] = [];
  for (const part of template.parts) {
    const units = isUnits(part) ? part : unitsOf(part, context, ignoreCase);
    if (units === undefined) return undefined;
    steps.take(MAKING_STEPS * (units.length + 1));
    resolved.push(units);
  }
  return toGlob(resolved.flat());
}

function unitsOf({ key, fallback }: Variable, context: Context, ignoreCase: boolean): GlobUnits | undefined {
  const values = valuesOf(context, key);
  const value = values.length === 0 ? fallback : values.length === 1 ? values[0] : undefined;
  if (value === undefined) return undefined;
  return literalUnits(ignoreCase ? value.toLowerCase() : value);
}

/** Whether the whole of `text` fits the template in this request. @throws StepsExceededError */
export function templateMatches(
  template: Template,
  text: string,
  context: Context,
  steps: Steps = new Steps(),
): boolean {
  const glob = resolveTemplate(template, context, steps);
  return glob !== undefined && globMatches(glob, text, steps);
}

function isUnits(part: GlobUnits | Variable): part is GlobUnits {
  return Array.isArray(part);
}
