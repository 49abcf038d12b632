import { digestFromBytes } from "../../../registry/digest.ts";
import { RegistryError } from "../../../registry/errors.ts";
import type { ManifestPut } from "../../../registry/ports/index.ts";

/** Digests named in the message of a refusal, at most; its detail has all. */
const MISSING_SHOWN = 20;

/** MANIFEST_BLOB_UNKNOWN, of an index MANIFEST_CHILD_UNKNOWN, naming all of `missing`, in the order of the manifest. */
export function referencesMissing({ view }: ManifestPut, missing: readonly Buffer[]): RegistryError {
  const absent = new Set(missing.map(digestFromBytes));
  const named = new Set([...view.blobs, ...view.children].map(({ digest }) => digest));
  const digests = [...named].filter((digest) => absent.has(digest));
  const more = digests.length - MISSING_SHOWN;
  const shown = digests.slice(0, MISSING_SHOWN).join(", ") + (more > 0 ? `, and ${more} more` : "");
  return new RegistryError(
    view.children.length > 0 ? "MANIFEST_CHILD_UNKNOWN" : "MANIFEST_BLOB_UNKNOWN",
    `the manifest names content that the repository does not have: [${shown}]`,
    { detail: digests.map((digest) => ({ digest })) },
  );
}
