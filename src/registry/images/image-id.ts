import { parseDigest } from "../digest.ts";
import { RegistryError } from "../errors.ts";
import { parseTag } from "../names.ts";
import type { ImageReference } from "../ports/index.ts";

/** An image as somebody writes it: by digest, tag or both, none of them checked yet. */
export interface ImageId {
  readonly digest?: string | undefined;
  readonly tag?: string | undefined;
}

/** What is wrong with an id by itself, and the rule that it breaks. */
export const ID_RULES = {
  "no digest and no tag": "both tag and digest cannot be null",
  "invalid digest": "image digest should satisfy the regex '[a-zA-Z0-9-_+.]+:[a-fA-F0-9]+'",
  "invalid tag": "image tag should satisfy the regex '[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}'",
} as const;

export type InvalidId = keyof typeof ID_RULES;

/** Why an id leads to no image; `tag elsewhere`: its tag points at another one than its digest says. */
export type ImageFault = InvalidId | "unknown" | "tag elsewhere";

/** Every digest that ECR takes for one. What Berth computes is less: of the others there is no image. */
const DIGEST = /^[a-zA-Z0-9-_+.]+:[a-fA-F0-9]+$/;

/** What it names; `unknown` where no image can have that digest. */
export function readImageId({ digest, tag }: ImageId): ImageReference | InvalidId | "unknown" {
  if (digest !== undefined && !DIGEST.test(digest)) return "invalid digest";
  const readTag = tag === undefined ? undefined : attempt(() => parseTag(tag));
  if (tag !== undefined && readTag === undefined) return "invalid tag";
  const readDigest = digest === undefined ? undefined : attempt(() => parseDigest(digest));
  if (digest !== undefined && readDigest === undefined) return "unknown";
  if (readDigest !== undefined) {
    return readTag === undefined ? { digest: readDigest } : { digest: readDigest, tag: readTag };
  }
  return readTag === undefined ? "no digest and no tag" : { tag: readTag };
}

function attempt<T>(parse: () => T): T | undefined {
  try {
    return parse();
  } catch (error) {
    if (error instanceof RegistryError) return undefined;
    throw error;
  }
}
