import { type Digest, digestToBytes } from "../../../registry/digest.ts";
import { RegistryError } from "../../../registry/errors.ts";
import type { Descriptor } from "../../../registry/manifest.ts";
import type { ManifestPut } from "../../../registry/ports/index.ts";
import type { Transaction } from "../transaction.ts";

/** What the references of a manifest resolve to in its repository. */
export interface ResolvedReferences {
  readonly blobs: ReadonlyMap<Digest, number>;
  readonly children: ReadonlyMap<Digest, number>;
}

const LINKS = {
  name: "reference_links",
  text: `SELECT b.digest, rb.blob_id AS id FROM repositories r
    JOIN blobs b ON b.registry_id = r.registry_id AND b.digest = ANY($2)
    JOIN repository_blobs rb ON rb.repository_id = r.id AND rb.blob_id = b.id
    WHERE r.id = $1 ORDER BY b.digest FOR KEY SHARE OF rb`,
};
const MANIFESTS = {
  name: "reference_manifests",
  text: `SELECT digest, id FROM manifests WHERE repository_id = $1 AND digest = ANY($2)
    ORDER BY digest FOR KEY SHARE`,
};

/**
 * Looks up and locks, in digest order, everything that a manifest names. The locks last until its rows are written, so
 * that nothing found here can be deleted before the foreign keys hold it.
 */
export async function resolveReferences(tx: Transaction, put: ManifestPut): Promise<ResolvedReferences> {
  const { blobs, children } = put.view;
  const found = await lookUp(tx, MANIFESTS, put, children);
  // Entries of an index that are no manifests may be blobs: build caches list layers.
  const links = await lookUp(tx, LINKS, put, [
    ...blobs,
    ...children.filter(({ digest }) => !found.has(digest)),
  ]);
  return { blobs: links, children: found };
}

async function lookUp(
  tx: Transaction,
  statement: typeof LINKS,
  put: ManifestPut,
  descriptors: readonly Descriptor[],
): Promise<Map<Digest, number>> {
  const wanted = new Map(descriptors.map(({ digest }) => [digestToBytes(digest).toString("hex"), digest]));
  if (wanted.size === 0) return new Map();
  const values = [...wanted.values()].map(digestToBytes);
  const rows = await tx.query<{ digest: Buffer; id: number }>(statement, [put.repositoryId, values]);
  return new Map(
    rows.flatMap(({ digest, id }) => {
      const key = wanted.get(digest.toString("hex"));
      return key === undefined ? [] : [[key, id] as const];
    }),
  );
}

/** References that resolved to nothing. */
export function absentReferences(put: ManifestPut, resolved: ResolvedReferences): readonly Descriptor[] {
  const { blobs, children } = resolved;
  return [...put.view.blobs, ...put.view.children].filter(
    ({ digest }) => !blobs.has(digest) && !children.has(digest),
  );
}

/** @throws RegistryError MANIFEST_BLOB_UNKNOWN naming all of `missing` */
export function refuseMissing(missing: readonly Descriptor[]): void {
  if (missing.length === 0) return;
  const digests = [...new Set(missing.map(({ digest }) => digest))];
  throw new RegistryError(
    "MANIFEST_BLOB_UNKNOWN",
    `the manifest names content that the repository does not have: [${digests.join(", ")}]`,
    { detail: digests.map((digest) => ({ digest })) },
  );
}
