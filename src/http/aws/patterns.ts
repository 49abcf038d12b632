/** Longest text that a pattern without a bound of its own is tried on. */
const UNBOUNDED_MAX = 131_072;

/**
 * Patterns of the models that backtrack exponentially, or that mean something else in JavaScript, and what says the
 * same in linear time. Messages show the model's own text.
 */
const REWRITTEN: Readonly<Record<string, string>> = {
  "^[a-z0-9*](?:[._\\-/a-z0-9*]?[a-z0-9*]+)*$": "^[a-z0-9*]+(?:[._\\-/][a-z0-9*]+)*$",
  "[\\u0009\\u000A\\u000D\\u0020-\\u007E\\u0085\\u00A0-\\uD7FF\\uE000-\\uFFFD\\u10000-\\u10FFFF]+":
    "[\\u0009\\u000A\\u000D\\u0020-\\u007E\\u0085\\u00A0-\\uD7FF\\uE000-\\uFFFD\\u{10000}-\\u{10FFFF}]+",
};

const compiled = new Map<string, RegExp>();

/** Whether the whole text matches a pattern of a model. The text's length has been checked against its shape before. */
export function matchesPattern(pattern: string, text: string): boolean {
  if (text.length > UNBOUNDED_MAX) return false;
  let regexp = compiled.get(pattern);
  if (regexp === undefined) {
    regexp = expressionOf(pattern);
    compiled.set(pattern, regexp);
  }
  return regexp.test(text);
}

/** The expression that a pattern of a model is checked by. */
export function expressionOf(pattern: string): RegExp {
  return compile(REWRITTEN[pattern] ?? pattern);
}

/** Models are written for Java: whole match, code points. */
function compile(pattern: string): RegExp {
  const whole = `^(?:${pattern})$`;
  try {
    return new RegExp(whole, "u");
  } catch {
    // Escapes that JavaScript takes only outside of Unicode mode.
    return new RegExp(whole);
  }
}
