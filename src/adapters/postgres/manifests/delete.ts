import type { Cause } from "../../../audit/cause.ts";
import { type Digest, digestFromBytes, digestToBytes } from "../../../registry/digest.ts";
import type { RepositoryName, Tag } from "../../../registry/names.ts";
import type {
  ManifestRemoval,
  ManifestStore,
  RepositoryId,
  TagRemoval,
} from "../../../registry/ports/index.ts";
import type { RegistryId } from "../../../registry/scope.ts";
import { recordChange } from "../audit/record.ts";
import type { Database } from "../database.ts";
import { brokenForeignKey } from "../errors.ts";
import type { Transaction } from "../transaction.ts";

/** Indexes named in the refusal of a manifest's deletion, at most. */
const PARENTS_SHOWN = 20;

/** SQL: what a manifest is, for those who are told of it. */
export function typesOf(manifest: string): string {
  return `jsonb_strip_nulls(jsonb_build_object('mediaType', ${manifest}.media_type,
    'artifactType', ${manifest}.artifact_type, 'subject', digest_text(${manifest}.subject_digest)))`;
}

const LOCK = {
  name: "manifest_lock",
  text: `SELECT m.repository_id, m.id, ${typesOf("m")} AS types FROM repositories r
    JOIN manifests m ON m.repository_id = r.id AND m.digest = $3
    WHERE r.registry_id = $1 AND r.name = $2 AND r.deleted_at IS NULL FOR UPDATE OF m`,
};
const FIND_BY_TAG = {
  name: "manifest_find_by_tag",
  text: `SELECT t.repository_id, t.manifest_id AS id FROM repositories r
    JOIN tags t ON t.repository_id = r.id AND t.name = $3
    WHERE r.registry_id = $1 AND r.name = $2 AND r.deleted_at IS NULL`,
};
const LOCK_BY_ID = {
  name: "manifest_lock_by_id",
  text: `SELECT digest, ${typesOf("manifests")} AS types FROM manifests
    WHERE repository_id = $1 AND id = $2 FOR NO KEY UPDATE`,
};
const LOCK_TAG = {
  name: "manifest_lock_tag",
  text: `SELECT EXISTS (SELECT FROM tags o WHERE o.repository_id = $1 AND o.manifest_id = $2 AND o.name <> $3) AS others
    FROM tags t WHERE t.repository_id = $1 AND t.name = $3 AND t.manifest_id = $2 FOR UPDATE`,
};
const PARENTS = {
  name: "manifest_parents",
  text: `SELECT DISTINCT p.digest FROM manifest_children c
    JOIN manifests p ON p.repository_id = c.repository_id AND p.id = c.manifest_id
    WHERE c.repository_id = $1 AND c.child_id = $2 LIMIT ${PARENTS_SHOWN}`,
};
/** SQL: removes tags, and writes that into their history, however many they are. */
function removingTags(tags: string, at: string, by: string): string {
  return `WITH removed AS (
      DELETE FROM tags ${tags} RETURNING tags.repository_id, tags.name, tags.manifest_id),
    recorded AS (
      INSERT INTO tag_history (repository_id, name, revision, digest, changed_at, changed_by)
      SELECT repository_id, name, nextval('tag_revisions'), NULL, ${at}, ${by} FROM removed)
    SELECT repository_id, name, manifest_id FROM removed`;
}

type Types = Readonly<Record<string, string>>;

export interface Locked {
  readonly repository_id: RepositoryId;
  readonly id: number;
  readonly types: Types;
}

interface RemovedTag {
  readonly repository_id: RepositoryId;
  readonly name: Tag;
  readonly manifest_id: number;
}

// In a statement of its own: a tag that moved while its removal waited points at what came after that statement began.
const TARGET = {
  name: "manifest_of_tag",
  text: `SELECT digest, ${typesOf("manifests")} AS types FROM manifests WHERE repository_id = $1 AND id = $2`,
};

const DELETE_TAGS = {
  name: "manifest_delete_tags",
  text: removingTags("WHERE repository_id = $1 AND manifest_id = $2", "$3", "$4"),
};
const DELETE_TAG = {
  name: "manifest_delete_tag",
  text: removingTags("WHERE repository_id = $1 AND name = $2", "$3", "$4"),
};
const DELETE = {
  name: "manifest_delete",
  text: "DELETE FROM manifests WHERE repository_id = $1 AND id = $2",
};
const UNTAG = {
  name: "manifest_untag",
  text: removingTags(
    `USING repositories r
      WHERE r.registry_id = $1 AND r.name = $2 AND r.deleted_at IS NULL
        AND tags.repository_id = r.id AND tags.name = $3`,
    "$4",
    "$5",
  ),
};

type Found = Pick<Locked, "repository_id" | "id">;

/** Why something goes, and in whose words others are told. */
interface Removal {
  readonly cause: Cause;
  readonly at: Date;
  readonly registryId: RegistryId;
  readonly repository: RepositoryName;
}

export function manifestRemovers(database: Database): Pick<ManifestStore, "delete" | "untag" | "removeTag"> {
  const remove: ManifestStore["delete"] = ({ id: registryId }, name, digest, cause, at) =>
    database.transaction(async (tx): Promise<ManifestRemoval> => {
      const [manifest] = await tx.query<Locked>(LOCK, [registryId, name, digestToBytes(digest)]);
      if (manifest === undefined) return "unknown";
      return removeLocked(tx, { ...manifest, digest }, { cause, at, registryId, repository: name });
    });
  // Who may meet: the removal of the last tag and a PUT that gives the manifest another one, or the tag another manifest.
  // Both hold the manifest's row, so one sees what the other did: a manifest that gained a tag stays, one that is gone is
  // stored anew. A tag that moved before its row was locked is looked up again.
  const removeTag: ManifestStore["removeTag"] = ({ id: registryId }, name, tag, cause, at) =>
    database.transaction(async (tx): Promise<TagRemoval> => {
      for (;;) {
        const [found] = await tx.query<Found>(FIND_BY_TAG, [registryId, name, tag]);
        if (found === undefined) return "unknown";
        const key = [found.repository_id, found.id];
        const [manifest] = await tx.query<{ digest: Buffer; types: Types }>(LOCK_BY_ID, key);
        const [locked] = await tx.query<{ others: boolean }>(LOCK_TAG, [...key, tag]);
        if (manifest === undefined || locked === undefined) continue;
        const digest = digestFromBytes(manifest.digest);
        const removal = { cause, at, registryId, repository: name };
        const { types } = manifest;
        if (!locked.others) return removeLocked(tx, { ...found, digest, types }, removal);
        await tx.query(DELETE_TAG, [found.repository_id, tag, at, cause.principal]);
        const event = { kind: "image.untag", registryId, repository: name } as const;
        await recordChange(tx, cause, at, { tag, digest, ...types }, event);
        return { untagged: tag, digest };
      }
    });
  return {
    // Who may meet: a delete and an index PUT that lists the manifest, or a PUT that tags it. The foreign key decides;
    // when theirs commits first, the second look sees it: the index refuses the delete, the new tag goes as well.
    delete: (...args) => againAfterRace(() => remove(...args)),
    removeTag: (...args) => againAfterRace(() => removeTag(...args)),
    untag: ({ id: registryId }, name, tag, cause, at) =>
      database.transaction(async (tx) => {
        const [row] = await tx.query<RemovedTag>(UNTAG, [registryId, name, tag, at, cause.principal]);
        if (row === undefined) return undefined;
        const { digest, types } = await targetOf(tx, row);
        const event = { kind: "image.untag", registryId, repository: name } as const;
        await recordChange(tx, cause, at, { tag, digest, ...types }, event);
        return digest;
      }),
  };
}

/** Removes a manifest whose row the caller has locked, with its tags, unless an index lists it. */
export async function removeLocked(
  tx: Transaction,
  { repository_id: repositoryId, id, digest, types }: Locked & { readonly digest: Digest },
  { cause, at, registryId, repository }: Removal,
): Promise<Exclude<ManifestRemoval, "unknown">> {
  const parents = await tx.query<{ digest: Buffer }>(PARENTS, [repositoryId, id]);
  if (parents.length > 0) return { listedBy: parents.map((row) => digestFromBytes(row.digest)) };
  const untagged = await tx.query<RemovedTag>(DELETE_TAGS, [repositoryId, id, at, cause.principal]);
  await tx.query(DELETE, [repositoryId, id]);
  const tags = untagged.map((row) => row.name).sort();
  const event = { kind: "image.delete", registryId, repository } as const;
  await recordChange(tx, cause, at, { digest, tags, ...types }, event);
  return { removed: { digest, tags } };
}

async function againAfterRace<T>(remove: () => Promise<T>): Promise<T> {
  try {
    return await remove();
  } catch (error) {
    if (brokenForeignKey(error) === undefined) throw error;
    return remove();
  }
}

async function targetOf(
  tx: Transaction,
  { repository_id, manifest_id }: RemovedTag,
): Promise<{ readonly digest: Digest; readonly types: Types }> {
  const [row] = await tx.query<{ digest: Buffer; types: Types }>(TARGET, [repository_id, manifest_id]);
  if (row === undefined) throw new Error("a tag pointed at no manifest");
  return { digest: digestFromBytes(row.digest), types: row.types };
}
