import { digestFromBytes, digestToBytes } from "../../registry/digest.ts";
import type { RepositoryName } from "../../registry/names.ts";
import type { BlobRemoval, BlobStore } from "../../registry/ports/index.ts";
import type { Database } from "./database.ts";
import { brokenForeignKey } from "./errors.ts";
import { linkBlob } from "./links.ts";
import { shareRepository } from "./share-repository.ts";

/** Manifests named in the refusal of a blob's deletion, at most. */
const REFERENCES_SHOWN = 20;

const FIND = {
  name: "blob_find",
  text: `SELECT b.size, o.key
    FROM repositories r
    LEFT JOIN (blobs b
      JOIN repository_blobs rb ON rb.blob_id = b.id
      JOIN objects o ON o.blob_id = b.id AND o.state = 'present')
      ON b.registry_id = $1 AND b.digest = $3 AND rb.repository_id = r.id
    WHERE r.registry_id = $1 AND r.name = $2 AND r.deleted_at IS NULL
    LIMIT 1`,
};
const FIND_REPOSITORIES = {
  name: "blob_find_repositories",
  text: `SELECT r.name FROM blobs b
    JOIN repository_blobs rb ON rb.blob_id = b.id
    JOIN repositories r ON r.id = rb.repository_id AND r.deleted_at IS NULL
    WHERE b.registry_id = $1 AND b.digest = $2 ORDER BY rb.linked_at DESC LIMIT $3`,
};
const LOCK_LINK = {
  name: "blob_lock_link",
  text: `SELECT rb.blob_id FROM repositories r
    JOIN repository_blobs rb ON rb.repository_id = r.id
    JOIN blobs b ON b.id = rb.blob_id
    JOIN objects o ON o.blob_id = b.id AND o.state = 'present'
    WHERE r.registry_id = $1 AND r.name = $2 AND r.deleted_at IS NULL AND b.registry_id = $1 AND b.digest = $3
    LIMIT 1 FOR KEY SHARE OF rb, b`,
};
const LOCK_FOR_UNLINK = {
  name: "blob_lock_for_unlink",
  text: `SELECT rb.repository_id, rb.blob_id FROM repositories r
    JOIN repository_blobs rb ON rb.repository_id = r.id
    JOIN blobs b ON b.id = rb.blob_id
    WHERE r.registry_id = $1 AND r.name = $2 AND r.deleted_at IS NULL AND b.registry_id = $1 AND b.digest = $3
    FOR UPDATE OF rb`,
};
const REFERENCES = {
  name: "blob_references",
  text: `SELECT DISTINCT m.digest FROM (
      SELECT manifest_id FROM manifest_blobs WHERE repository_id = $1 AND blob_id = $2
      UNION ALL SELECT manifest_id FROM manifest_children WHERE repository_id = $1 AND blob_id = $2) AS e
    JOIN manifests m ON m.repository_id = $1 AND m.id = e.manifest_id LIMIT ${REFERENCES_SHOWN}`,
};
const UNLINK = {
  name: "blob_unlink",
  text: "DELETE FROM repository_blobs WHERE repository_id = $1 AND blob_id = $2",
};

export function postgresBlobs(database: Database): BlobStore {
  const unlink: BlobStore["unlink"] = (registryId, name, digest) =>
    database.transaction(async (tx): Promise<BlobRemoval> => {
      const [link] = await tx.query<{ repository_id: number; blob_id: number }>(LOCK_FOR_UNLINK, [
        registryId,
        name,
        digestToBytes(digest),
      ]);
      if (link === undefined) return "unknown";
      const ids = [link.repository_id, link.blob_id];
      const references = await tx.query<{ digest: Buffer }>(REFERENCES, ids);
      if (references.length > 0)
        return { referencedBy: references.map((row) => digestFromBytes(row.digest)) };
      await tx.query(UNLINK, ids);
      return "removed";
    });
  return {
    async find(registryId, name, digest) {
      const [row] = await database.read<{ size: number | null; key: string | null }>(FIND, [
        registryId,
        name,
        digestToBytes(digest),
      ]);
      if (row === undefined) return { repository: false };
      if (row.size === null || row.key === null) return { repository: true, blob: undefined };
      return { repository: true, blob: { digest, size: row.size, key: row.key } };
    },
    async findRepositories(registryId, digest, limit) {
      const rows = await database.run<{ name: RepositoryName }>(FIND_REPOSITORIES, [
        registryId,
        digestToBytes(digest),
        limit,
      ]);
      return rows.map(({ name }) => name);
    },
    // Who may meet: a mount and the removal of the blob from its source. The share lock on the source's link makes one
    // wait for the other; if the removal was first there is no row, and the client uploads instead.
    mount: (registryId, target, source, digest, at) =>
      database.transaction(async (tx) => {
        await shareRepository(tx, target);
        const [link] = await tx.query<{ blob_id: number }>(LOCK_LINK, [
          registryId,
          source,
          digestToBytes(digest),
        ]);
        if (link === undefined) return false;
        await linkBlob(tx, target, link.blob_id, digestToBytes(digest), at);
        return true;
      }),
    // Who may meet: the removal and a manifest PUT that names the blob. The foreign key decides; when the PUT commits
    // between our look and our delete, the second look finds its manifest and refuses.
    async unlink(registryId, name, digest) {
      try {
        return await unlink(registryId, name, digest);
      } catch (error) {
        if (brokenForeignKey(error) === undefined) throw error;
        return unlink(registryId, name, digest);
      }
    },
  };
}
