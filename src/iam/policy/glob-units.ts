/** UTF-16 code units, {@link MANY} and {@link ONE}. */
export type GlobUnits = readonly number[];

/** `*`: any characters, also none. */
export const MANY = -1;
/** `?`: exactly one character. */
export const ONE = -2;

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

/** UTF-16 code units of the character that begins at `at`. */
export function characterLength(text: string, at: number): number {
  return (text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1;
}
