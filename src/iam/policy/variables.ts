/** `${key}` or `${key, 'default'}`. */
export interface Variable {
  /** As written. */
  readonly key: string;
  readonly fallback: string | undefined;
}

/** A piece of a text with variables: what stands before a `${`, and what that begins. */
export interface Piece {
  readonly text: string;
  readonly variable?: Variable;
  /** Of `${*}`, `${?}` and `${$}`, which are those characters themselves. */
  readonly character?: string;
  /** From a `${` that begins no variable on; else empty. */
  readonly rest: string;
}

const KEY = /^[A-Za-z0-9:/_.+=@ -]+$/;
const FALLBACK = /^'[^'{}]*'$/;

/** Cuts a text at its variables, up to the first `${` that begins none. Linear in the text. */
export function* cutAtVariables(text: string): Generator<Piece> {
  let at = 0;
  while (at < text.length) {
    const start = text.indexOf("${", at);
    if (start < 0) {
      yield { text: text.slice(at), rest: "" };
      return;
    }
    const before = text.slice(at, start);
    const end = text.indexOf("}", start);
    const inside = end < 0 ? undefined : text.slice(start + 2, end);
    const variable = inside === undefined ? undefined : readVariable(inside);
    if (inside === "*" || inside === "?" || inside === "$")
      yield { text: before, character: inside, rest: "" };
    else if (variable !== undefined) yield { text: before, variable, rest: "" };
    else {
      yield { text: before, rest: text.slice(start) };
      return;
    }
    at = end + 1;
  }
}

/** Each variable as one character, so that what it may hold parts nothing; a `${` that nothing closes stays. */
export function withoutVariables(text: string): string {
  const kept: string[] = [];
  let at = 0;
  while (at < text.length) {
    const start = text.indexOf("${", at);
    const end = start < 0 ? -1 : text.indexOf("}", start);
    if (end < 0) break;
    kept.push(text.slice(at, start), "x");
    at = end + 1;
  }
  return kept.join("") + text.slice(at);
}

function readVariable(inside: string): Variable | undefined {
  const comma = inside.indexOf(",");
  const key = (comma < 0 ? inside : inside.slice(0, comma)).trim();
  const fallback = comma < 0 ? undefined : inside.slice(comma + 1).trim();
  if (!KEY.test(key) || key.endsWith(":")) return undefined;
  if (fallback === undefined) return { key, fallback };
  return FALLBACK.test(fallback) ? { key, fallback: fallback.slice(1, -1) } : undefined;
}
