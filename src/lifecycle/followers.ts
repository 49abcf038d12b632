import type { Relations } from "./relations.ts";
import type { ImageFacts } from "./snapshot.ts";
import type { Because, Verdict } from "./verdict.ts";

/** Followers that are looked at in one piece of work, about. */
const PIECE = 500;

/**
 * The verdicts, and after them those on what goes with their images: children and referrers, under the same rule, each
 * after the image that it follows. Nothing goes that has a tag of its own, that an index lists which stays, or that refers
 * to a manifest which stays. What is archived keeps what it lists from being deleted.
 */
export function* goesWith(
  verdicts: readonly Verdict[],
  relations: Relations,
): Generator<void, readonly Verdict[]> {
  const going = new Going(relations);
  const expiring = yield* going.gather(verdicts.filter(({ rule }) => rule.action === "expire"));
  const moving = yield* going.gather(verdicts.filter(({ rule }) => rule.action === "transition"));
  return expiring.concat(moving);
}

/** What goes so far. */
class Going {
  readonly #relations: Relations;
  readonly #ids = new Set<number>();
  /** Entries of indexes that stay, by the manifest that they list; those with an index that goes alone. */
  readonly #listings = new Map<number, number>();

  constructor(relations: Relations) {
    this.#relations = relations;
  }

  /** Adds the images of verdicts with all their followers. */
  *gather(verdicts: readonly Verdict[]): Generator<void, Verdict[]> {
    const gathered = [...verdicts];
    for (const { image } of verdicts) this.#ids.add(image.id);
    for (let at = 0, looks = 0; at < gathered.length; at++) {
      const leader = gathered[at] as Verdict;
      const follow = (kind: "index" | "subject") => (image: ImageFacts) => {
        if (!this.#follows(image)) return;
        this.#ids.add(image.id);
        const because: Because = { kind, digest: leader.image.digest };
        gathered.push({ image, rule: leader.rule, because });
      };
      const children = this.#relations.childrenOf(leader.image);
      const referrers = this.#relations.referrersOf(leader.image);
      for (const child of children) this.#unlist(child);
      children.forEach(follow("index"));
      referrers.forEach(follow("subject"));
      looks += 1 + children.length + referrers.length;
      if (looks < PIECE) continue;
      looks = 0;
      yield;
    }
    return gathered;
  }

  #unlist(child: ImageFacts): void {
    this.#listings.set(child.id, this.#listingsOf(child) - 1);
  }

  #listingsOf(image: ImageFacts): number {
    return this.#listings.get(image.id) ?? this.#relations.listingsOf(image);
  }

  #follows(image: ImageFacts): boolean {
    if (this.#ids.has(image.id) || image.tags.length > 0 || this.#listingsOf(image) > 0) return false;
    const subject = this.#relations.subjectOf(image);
    return subject === undefined || this.#ids.has(subject.id);
  }
}
