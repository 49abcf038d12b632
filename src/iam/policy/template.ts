import { type Context, valuesOf } from "./context.ts";
import { type Glob, type GlobUnits, globMatches, literalUnits, toGlob, wildcardUnits } from "./glob.ts";

/** `${key}` or `${key, 'default'}`. */
interface Variable {
  readonly key: string;
  readonly fallback: string | undefined;
}

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

/** Why a text with `${` cannot be read. */
export class TemplateError extends Error {
  override readonly name = "TemplateError";
}

const VARIABLE = /^\$\{(?:([*?$])|\s*([A-Za-z0-9:/_.+=@ -]*[A-Za-z0-9/_.+=@-])\s*(?:,\s*'([^'{}]*)'\s*)?)\}/;

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
  for (let rest = written; rest !== ""; ) {
    const start = rest.indexOf("${");
    if (start !== 0) parts.push(units(start < 0 ? rest : rest.slice(0, start)));
    if (start < 0) break;
    rest = rest.slice(start);
    const [whole, character, key, fallback] = VARIABLE.exec(rest) ?? [];
    if (whole === undefined)
      throw new TemplateError(`"${rest.slice(0, 60)}" does not begin a policy variable`);
    if (character !== undefined) parts.push(literalUnits(character));
    else parts.push({ key: (key ?? "").toLowerCase(), fallback });
    rest = rest.slice(whole.length);
  }
  const fixed = parts.filter(isUnits);
  return { written, fixed: fixed.length === parts.length ? toGlob(fixed.flat()) : undefined, parts };
}

/**
 * The pattern for this request. Values are put in literally: a `*` in a value is no wildcard.
 * @returns undefined when a variable has no value or several (IAM: only single-valued keys) and no default: then the
 * text matches nothing
 */
export function resolveTemplate(template: Template, context: Context, ignoreCase = false): Glob | undefined {
  if (template.fixed !== undefined) return template.fixed;
  const units: number[] = [];
  for (const part of template.parts) {
    if (isUnits(part)) units.push(...part);
    else {
      const values = valuesOf(context, part.key);
      const value = values.length === 0 ? part.fallback : values.length === 1 ? values[0] : undefined;
      if (value === undefined) return undefined;
      units.push(...literalUnits(ignoreCase ? value.toLowerCase() : value));
    }
  }
  return toGlob(units);
}

/** Whether the whole of `text` fits the template in this request. */
export function templateMatches(template: Template, text: string, context: Context): boolean {
  const glob = resolveTemplate(template, context);
  return glob !== undefined && globMatches(glob, text);
}

function isUnits(part: GlobUnits | Variable): part is GlobUnits {
  return Array.isArray(part);
}
