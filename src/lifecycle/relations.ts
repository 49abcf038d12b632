import type { Digest } from "../registry/digest.ts";
import type { ImageFacts, ImageUnit, Snapshot } from "./snapshot.ts";

/** Images, or listings, that are looked at in one piece of work. */
const PIECE = 500;

/** How the manifests of a snapshot hang together. */
export class Relations {
  readonly #byDigest = new Map<Digest, ImageFacts>();
  readonly #children = new Map<number, ImageFacts[]>();
  readonly #referrers = new Map<Digest, ImageFacts[]>();
  readonly #listings = new Map<number, number>();

  add(image: ImageFacts): void {
    this.#byDigest.set(image.digest, image);
    if (image.subject !== undefined) append(this.#referrers, image.subject, image);
  }

  addListing(index: number, listed: ImageFacts): void {
    append(this.#children, index, listed);
    this.#listings.set(listed.id, this.listingsOf(listed) + 1);
  }

  /** How many entries of indexes are this manifest. */
  listingsOf({ id }: ImageFacts): number {
    return this.#listings.get(id) ?? 0;
  }

  /** One for each entry of an index. */
  childrenOf({ id }: ImageFacts): readonly ImageFacts[] {
    return this.#children.get(id) ?? [];
  }

  referrersOf({ digest }: ImageFacts): readonly ImageFacts[] {
    return this.#referrers.get(digest) ?? [];
  }

  /** The manifest that this one refers to, if it is there. */
  subjectOf({ subject }: ImageFacts): ImageFacts | undefined {
    return subject === undefined ? undefined : this.#byDigest.get(subject);
  }

  /** Whether rules judge it by itself: no index lists it, and it does not belong to the manifest that it refers to. */
  standsAlone(image: ImageFacts, unit: ImageUnit): boolean {
    if (this.listingsOf(image) > 0) return false;
    return unit === "strict" || this.subjectOf(image) === undefined;
  }
}

export function* relate({ images, listings }: Snapshot): Generator<void, Relations> {
  const relations = new Relations();
  const byId = new Map<number, ImageFacts>();
  for (const [at, image] of images.entries()) {
    if (at % PIECE === 0) yield;
    byId.set(image.id, image);
    relations.add(image);
  }
  for (const [at, { index, listed }] of listings.entries()) {
    if (at % PIECE === 0) yield;
    const image = byId.get(listed);
    if (image !== undefined) relations.addListing(index, image);
  }
  return relations;
}

function append<Key, Value>(map: Map<Key, Value[]>, key: Key, value: Value): void {
  const values = map.get(key);
  if (values === undefined) map.set(key, [value]);
  else values.push(value);
}
