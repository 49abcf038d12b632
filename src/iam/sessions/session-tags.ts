import type { Tags } from "../principals/entity.ts";
import { IamError } from "../principals/errors.ts";
import { type ContextEntries, requestTagKeys } from "../principals/global-context.ts";
import type { Tag } from "../principals/tags.ts";
import type { Inheritance } from "./session.ts";

/** Tags that somebody wants for a session, and which of them are to go along with every further role. */
export interface WantedTags {
  readonly tags: readonly Tag[];
  readonly transitiveTagKeys: readonly string[];
}

/** Tags of a session that begins. */
export interface SessionTags {
  /** What the request brings: its trust policy may ask about these. */
  readonly given: Tags;
  /** With what the calling session hands on. */
  readonly tags: Tags;
  readonly transitiveTagKeys: readonly string[];
}

/** "You can pass up to 50 session tags. The plaintext session tag keys can't exceed 128 characters and the values 256." */
const TAGS_MAX = 50;
const KEY = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]{1,128}$/u;
const VALUE = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]{0,256}$/u;

/**
 * Transitive tags of the calling session stay through every further role, and cannot be set anew. Keys are compared
 * without regard to case.
 * @throws IamError ValidationError for tags that no session may have
 */
export function readSessionTags(wanted: WantedTags, inherited: Inheritance | undefined): SessionTags {
  const given = new Map<string, Tag>();
  for (const tag of wanted.tags) {
    refuseTag(tag);
    const folded = tag.Key.toLowerCase();
    if (given.has(folded)) {
      throw invalid("Duplicate tag keys found. Please note that Tag keys are case insensitive.");
    }
    given.set(folded, tag);
  }
  if (wanted.transitiveTagKeys.some((key) => !given.has(key.toLowerCase()))) {
    throw invalid("The specified transitive tag key must be included in the requested tags.");
  }
  const kept = handedOn(inherited);
  if (Object.keys(kept).some((key) => given.has(key.toLowerCase()))) {
    throw invalid(
      "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from the calling session.",
    );
  }
  const own = Object.fromEntries([...given.values()].map(({ Key, Value }) => [Key, Value]));
  const tags = { ...kept, ...own };
  if (Object.keys(tags).length > TAGS_MAX) throw invalid(`A session may have ${TAGS_MAX} tags at most.`);
  const transitiveTagKeys = [...new Set([...Object.keys(kept), ...wanted.transitiveTagKeys])];
  return { given: own, tags, transitiveTagKeys };
}

/** `sts:TagSession` is a permission of its own, also where all tags are inherited. */
export function taggingActions({ tags }: SessionTags): readonly string[] {
  return Object.keys(tags).length > 0 ? ["sts:TagSession"] : [];
}

/** What policies may ask about the tags of a request. Inherited ones are tags of the caller: `aws:PrincipalTag`. */
export function taggingKeys({ given }: SessionTags, { transitiveTagKeys }: WantedTags): ContextEntries {
  return {
    ...requestTagKeys(given),
    ...(transitiveTagKeys.length === 0 ? {} : { "sts:TransitiveTagKeys": transitiveTagKeys }),
  };
}

function handedOn(inherited: Inheritance | undefined): Tags {
  const transitive = new Set((inherited?.transitiveTagKeys ?? []).map((key) => key.toLowerCase()));
  const tags = Object.entries(inherited?.tags ?? {});
  return Object.fromEntries(tags.filter(([key]) => transitive.has(key.toLowerCase())));
}

/** Tags of a token come past the constraints of STS's model. */
function refuseTag({ Key: key, Value: value }: Tag): void {
  if (!KEY.test(key))
    throw invalid(`The tag key ${key.slice(0, 128)} is not 1 to 128 letters, digits or _.:/=+-@`);
  if (!VALUE.test(value)) {
    throw invalid(`The value of the tag ${key} is not up to 256 letters, digits or _.:/=+-@`);
  }
  if (key.toLowerCase().startsWith("aws:")) {
    throw invalid(`Tag keys starting with 'aws:' are reserved for system use: ${key}`);
  }
}

function invalid(message: string): IamError {
  return new IamError("ValidationError", message);
}
