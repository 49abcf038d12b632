import type { Digest } from "../registry/digest.ts";
import type { Rule } from "./policy.ts";
import type { ImageFacts } from "./snapshot.ts";

/**
 * Why an image goes: its place among the images of the rule, of which the youngest is 1; its age in milliseconds; the index
 * that listed it and goes; the manifest that it refers to and that goes.
 */
export type Because =
  | { readonly kind: "place"; readonly place: number }
  | { readonly kind: "age"; readonly age: number }
  | { readonly kind: "index" | "subject"; readonly digest: Digest };

/** A rule wants its action done with an image. */
export interface Verdict {
  readonly image: ImageFacts;
  readonly rule: Rule;
  readonly because: Because;
}

const DAY = 24 * 3_600_000;

/** The same in a short sentence for people. */
export function sentenceOf({ rule, because }: Verdict): string {
  const { type, number } = rule.limit;
  switch (because.kind) {
    case "place":
      return `number ${because.place} from the youngest, and the rule keeps ${number}`;
    case "age":
      return `${WORDS[type]} ${Math.floor(because.age / DAY)} days ago, and the rule keeps ${number} days`;
    case "index":
      return `goes with ${because.digest}, which lists it`;
    case "subject":
      return `goes with ${because.digest}, to which it refers`;
  }
}

const WORDS = {
  imageCountMoreThan: "",
  sinceImagePushed: "pushed",
  sinceImagePulled: "last pulled",
  sinceImageTransitioned: "archived",
};
