/** UTF-16 code units, {@link MANY} and {@link ONE}. */
export type GlobUnits = readonly number[];

/** `*`: any characters, also none. */
const MANY = -1;
/** `?`: exactly one character. */
const ONE = -2;

/**
 * A pattern, made once. It is matched without regular expressions, so no pattern that a user writes can blow up: the time
 * is at most pattern times text.
 */
export interface Glob {
  readonly units: GlobUnits;
  /** The one text that fits; undefined where there are wildcards. */
  readonly exact: string | undefined;
  /** What every text that fits begins with. */
  readonly prefix: string;
}

/** Every character stands for itself, `*` and `?` too. */
export function literalUnits(text: string): GlobUnits {
  const units: number[] = [];
  for (let at = 0; at < text.length; at++) units.push(text.charCodeAt(at));
  return units;
}

/** `*` and `?` are wildcards. */
export function wildcardUnits(text: string): GlobUnits {
  const units: number[] = [];
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit === 0x3f) units.push(ONE);
    else if (unit !== 0x2a) units.push(unit);
    else if (units.at(-1) !== MANY) units.push(MANY);
  }
  return units;
}

export function toGlob(units: GlobUnits): Glob {
  const firstWildcard = units.findIndex((unit) => unit < 0);
  const literal = firstWildcard < 0 ? units : units.slice(0, firstWildcard);
  const prefix = literal.map((unit) => String.fromCharCode(unit)).join("");
  return { units, exact: firstWildcard < 0 ? prefix : undefined, prefix };
}

/** `*` and `?` in the text are wildcards. */
export function wildcardGlob(text: string): Glob {
  return toGlob(wildcardUnits(text));
}

/** Whether the whole of `text` fits. */
export function globMatches({ units, exact, prefix }: Glob, text: string): boolean {
  if (exact !== undefined) return text === exact;
  if (!text.startsWith(prefix)) return false;
  // Most patterns end in their only wildcard.
  if (units.length === prefix.length + 1 && units.at(-1) === MANY) return true;
  return unitsMatch(units, text, prefix.length);
}

function unitsMatch(units: GlobUnits, text: string, from: number): boolean {
  let at = from;
  let token = from;
  let lastMany = -1;
  let resume = 0;
  while (at < text.length) {
    const wanted = units[token];
    if (wanted === MANY) {
      lastMany = token++;
      resume = at;
    } else if (wanted === ONE) {
      at += characterLength(text, at);
      token++;
    } else if (wanted === text.charCodeAt(at)) {
      at++;
      token++;
    } else if (lastMany >= 0) {
      // The last `*` takes one character more; earlier ones need no second try, they matched as little as they could.
      token = lastMany + 1;
      at = ++resume;
    } else return false;
  }
  while (units[token] === MANY) token++;
  return token === units.length;
}

function characterLength(text: string, at: number): number {
  return (text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1;
}
