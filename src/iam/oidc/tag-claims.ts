import { IamError } from "../principals/errors.ts";
import type { Tag } from "../principals/tags.ts";
import type { WantedTags } from "../sessions/session-tags.ts";

const CLAIM = "https://aws.amazon.com/tags";
const FLAT_TAG = `${CLAIM}/principal_tags/`;
const FLAT_TRANSITIVE = `${CLAIM}/transitive_tag_keys`;

/**
 * Session tags that a token asks for (IAM, "Passing session tags using AssumeRoleWithWebIdentity"): in one claim,
 * `{"principal_tags": {"team": ["red"]}, "transitive_tag_keys": ["team"]}`, or flattened, with a claim for each tag.
 * @throws IamError InvalidIdentityTokenException for claims of another form
 */
export function tagsOfClaims(claims: Readonly<Record<string, unknown>>): WantedTags {
  const nested = claims[CLAIM] === undefined ? {} : claims[CLAIM];
  if (!isObject(nested)) throw invalidClaim(CLAIM);
  const tags = nested["principal_tags"] === undefined ? {} : nested["principal_tags"];
  if (!isObject(tags)) throw invalidClaim(CLAIM);
  const flat = Object.entries(claims).filter(([claim]) => claim.startsWith(FLAT_TAG));
  return {
    tags: [
      ...Object.entries(tags).map(([key, value]) => tagOf(key, value, CLAIM)),
      ...flat.map(([claim, value]) => tagOf(claim.slice(FLAT_TAG.length), value, claim)),
    ],
    transitiveTagKeys: [
      ...textsOf(nested["transitive_tag_keys"], CLAIM),
      ...textsOf(claims[FLAT_TRANSITIVE], FLAT_TRANSITIVE),
    ],
  };
}

/** A tag has one value, alone or in a list. */
function tagOf(key: string, value: unknown, claim: string): Tag {
  const [only, ...more] = textsOf(value, claim);
  if (only === undefined || more.length > 0) throw invalidClaim(claim);
  return { Key: key, Value: only };
}

function textsOf(value: unknown, claim: string): readonly string[] {
  const list: readonly unknown[] = Array.isArray(value) ? value : value === undefined ? [] : [value];
  return list.map((each) => {
    if (typeof each !== "string") throw invalidClaim(claim);
    return each;
  });
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function invalidClaim(claim: string): IamError {
  return new IamError("InvalidIdentityTokenException", `Invalid claim: ${claim}`);
}
