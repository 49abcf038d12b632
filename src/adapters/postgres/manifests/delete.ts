import type { Cause } from "../../../audit/cause.ts";
import { digestFromBytes, digestToBytes } from "../../../registry/digest.ts";
import type { Tag } from "../../../registry/names.ts";
import type { ManifestRemoval, ManifestStore, RepositoryId } from "../../../registry/ports/index.ts";
import { recordChange } from "../audit/record.ts";
import type { Database } from "../database.ts";
import { brokenForeignKey } from "../errors.ts";
import type { Transaction } from "../transaction.ts";
import { recordTag } from "./tag.ts";

/** Indexes named in the refusal of a manifest's deletion, at most. */
const PARENTS_SHOWN = 20;

const LOCK = {
  name: "manifest_lock",
  text: `SELECT m.repository_id, m.id FROM repositories r
    JOIN manifests m ON m.repository_id = r.id AND m.digest = $3
    WHERE r.registry_id = $1 AND r.name = $2 AND r.deleted_at IS NULL FOR UPDATE OF m`,
};
const PARENTS = {
  name: "manifest_parents",
  text: `SELECT DISTINCT p.digest FROM manifest_children c
    JOIN manifests p ON p.repository_id = c.repository_id AND p.id = c.manifest_id
    WHERE c.repository_id = $1 AND c.child_id = $2 LIMIT ${PARENTS_SHOWN}`,
};
const DELETE_TAGS = {
  name: "manifest_delete_tags",
  text: `DELETE FROM tags WHERE repository_id = $1 AND manifest_id = $2
    RETURNING name, nextval('tag_revisions') AS revision`,
};
const DELETE = {
  name: "manifest_delete",
  text: "DELETE FROM manifests WHERE repository_id = $1 AND id = $2",
};
const UNTAG = {
  name: "manifest_untag",
  text: `DELETE FROM tags USING repositories r
    WHERE r.registry_id = $1 AND r.name = $2 AND r.deleted_at IS NULL
      AND tags.repository_id = r.id AND tags.name = $3
    RETURNING r.id AS repository_id, tags.name, nextval('tag_revisions') AS revision,
      (SELECT m.digest FROM manifests m WHERE m.repository_id = r.id AND m.id = tags.manifest_id) AS digest`,
};

interface DeletedTag {
  name: Tag;
  revision: number;
}

interface UntaggedRow extends DeletedTag {
  repository_id: RepositoryId;
  digest: Buffer;
}

export function manifestRemovers(database: Database): Pick<ManifestStore, "delete" | "untag"> {
  const remove: ManifestStore["delete"] = (registryId, name, digest, cause, at) =>
    database.transaction(async (tx): Promise<ManifestRemoval> => {
      const [manifest] = await tx.query<{ repository_id: RepositoryId; id: number }>(LOCK, [
        registryId,
        name,
        digestToBytes(digest),
      ]);
      if (manifest === undefined) return "unknown";
      const { repository_id: repositoryId, id } = manifest;
      const parents = await tx.query<{ digest: Buffer }>(PARENTS, [repositoryId, id]);
      if (parents.length > 0) return { listedBy: parents.map((row) => digestFromBytes(row.digest)) };
      const untagged = await tx.query<DeletedTag>(DELETE_TAGS, [repositoryId, id]);
      await recordRemovals(tx, repositoryId, untagged, cause, at);
      await tx.query(DELETE, [repositoryId, id]);
      const tags = untagged.map((row) => row.name).sort();
      const event = { kind: "image.delete", registryId, repository: name } as const;
      await recordChange(tx, cause, at, { digest, tags }, event);
      return { removed: { digest, tags } };
    });
  return {
    // Who may meet: a delete and an index PUT that lists the manifest, or a PUT that tags it. The foreign key decides;
    // when theirs commits first, the second look sees it: the index refuses the delete, the new tag goes as well.
    async delete(...args) {
      try {
        return await remove(...args);
      } catch (error) {
        if (brokenForeignKey(error) === undefined) throw error;
        return remove(...args);
      }
    },
    untag: (registryId, name, tag, cause, at) =>
      database.transaction(async (tx) => {
        const [row] = await tx.query<UntaggedRow>(UNTAG, [registryId, name, tag]);
        if (row === undefined) return undefined;
        await recordRemovals(tx, row.repository_id, [row], cause, at);
        const digest = digestFromBytes(row.digest);
        const event = { kind: "image.untag", registryId, repository: name } as const;
        await recordChange(tx, cause, at, { tag, digest }, event);
        return digest;
      }),
  };
}

async function recordRemovals(
  tx: Transaction,
  repositoryId: RepositoryId,
  tags: readonly DeletedTag[],
  cause: Cause,
  at: Date,
): Promise<void> {
  for (const { name: tag, revision } of tags) {
    await recordTag(tx, { repositoryId, tag, revision, digest: undefined, cause, at });
  }
}
