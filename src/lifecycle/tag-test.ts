import { globMatches, toGlob } from "../iam/policy/glob.ts";
import { literalUnits, MANY } from "../iam/policy/glob-units.ts";
import type { TagRequirement } from "./policy.ts";

/** Comparisons of a tag with an entry that are done in one piece of work. */
const PIECE = 1_000;

/** Whether images have the tags that a rule asks for; made once for all images. */
export class TagTest {
  readonly #status: TagRequirement["status"];
  readonly #entries: readonly ((tag: string) => boolean)[];

  constructor(requirement: TagRequirement) {
    this.#status = requirement.status;
    this.#entries = requirement.status === "tagged" ? requirement.entries.map(entryTest(requirement.by)) : [];
  }

  /** Whether {@link TagTest.fulfils} is one piece of work for so many tags. */
  isQuick(tags: readonly string[]): boolean {
    return tags.length * this.#entries.length <= PIECE;
  }

  /** Every entry needs a tag of its own or of another entry. */
  fulfils(tags: readonly string[]): boolean {
    if (this.#status === "any") return true;
    if (this.#status === "untagged") return tags.length === 0;
    return this.#entries.every((test) => tags.some(test));
  }

  /** The same in pieces. */
  *fulfilsInSteps(tags: readonly string[]): Generator<void, boolean> {
    if (this.#status !== "tagged") return this.fulfils(tags);
    for (const test of this.#entries) {
      let isFound = false;
      for (let at = 0; at < tags.length && !isFound; at += PIECE) {
        isFound = tags.slice(at, at + PIECE).some(test);
        yield;
      }
      if (!isFound) return false;
    }
    return true;
  }
}

function entryTest(by: "prefix" | "pattern"): (entry: string) => (tag: string) => boolean {
  return (entry) => {
    if (by === "prefix") return (tag) => tag.startsWith(entry);
    const glob = toGlob(patternUnits(entry));
    return (tag) => globMatches(glob, tag);
  };
}

/** `*` alone is a wildcard; several in a row are one. */
function patternUnits(pattern: string): readonly number[] {
  const parts = pattern.split("*");
  return parts.flatMap((text, at) => {
    if (at === 0) return literalUnits(text);
    const isRow = text === "" && at < parts.length - 1;
    return isRow ? [] : [MANY, ...literalUnits(text)];
  });
}
