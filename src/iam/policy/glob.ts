import { type GlobUnits, literalUnits, MANY, wildcardUnits } from "./glob-units.ts";
import { fitAt, fitAtEnd, type SegmentSearch, searchFor } from "./segment-search.ts";
import { Steps } from "./steps.ts";

const NOTHING: GlobUnits = [];

/**
 * A pattern, made once. It is matched without regular expressions and without going back in the text, so no pattern that
 * a user writes can blow up: the time grows with the text (and, where it has `?`, with the pattern times the text).
 */
export class Glob {
  /** The one text that fits; undefined where there are wildcards. */
  readonly exact: string | undefined;
  /** What every text that fits begins with. */
  readonly prefix: string;
  /** What follows the prefix. Most patterns are exact: then nothing does. */
  readonly rest: GlobUnits;
  #parts: GlobParts | undefined;

  constructor(units: GlobUnits) {
    const firstWildcard = units.findIndex((unit) => unit < 0);
    const literal = firstWildcard < 0 ? units : units.slice(0, firstWildcard);
    this.rest = firstWildcard < 0 ? NOTHING : units.slice(firstWildcard);
    this.prefix = literal.map((unit) => String.fromCharCode(unit)).join("");
    this.exact = firstWildcard < 0 ? this.prefix : undefined;
  }

  get units(): GlobUnits {
    return [...literalUnits(this.prefix), ...this.rest];
  }

  /** Split at its `*`, when it is first needed: most patterns are exact or prefixes. */
  get parts(): GlobParts {
    this.#parts ??= partsOf(this.rest);
    return this.#parts;
  }
}

/** What follows the prefix of a pattern. */
interface GlobParts {
  /** Before the first `*`. */
  readonly head: GlobUnits;
  /** Between two `*` each, in their order. */
  readonly middle: readonly SegmentSearch[];
  /** After the last `*`; undefined where there is none. */
  readonly tail: GlobUnits | undefined;
}

function partsOf(units: GlobUnits): GlobParts {
  const segments: number[][] = [[]];
  for (const unit of units) {
    if (unit === MANY) segments.push([]);
    else segments.at(-1)?.push(unit);
  }
  const [head = [], ...rest] = segments;
  const tail = rest.pop();
  return { head, middle: rest.map(searchFor), tail };
}

export function toGlob(units: GlobUnits): Glob {
  return new Glob(units);
}

/** `*` and `?` in the text are wildcards. */
export function wildcardGlob(text: string): Glob {
  return toGlob(wildcardUnits(text));
}

/** Whether the whole of `text` fits. @throws StepsExceededError */
export function globMatches(glob: Glob, text: string, steps: Steps = new Steps()): boolean {
  const { rest, exact, prefix } = glob;
  if (exact !== undefined) return text === exact;
  if (!text.startsWith(prefix)) return false;
  // Most patterns end in their only wildcard.
  if (rest.length === 1 && rest[0] === MANY) return true;
  return partsMatch(glob.parts, text, prefix.length, steps);
}

function partsMatch({ head, middle, tail }: GlobParts, text: string, from: number, steps: Steps): boolean {
  let at = fitAt(head, text, from, text.length, steps);
  if (at < 0) return false;
  if (tail === undefined) return at === text.length;
  const end = fitAtEnd(tail, text, at, steps);
  if (end < 0) return false;
  for (const search of middle) {
    // The first place leaves the most for what follows, so no other needs to be tried.
    at = search(text, at, end, steps);
    if (at < 0) return false;
  }
  return true;
}
