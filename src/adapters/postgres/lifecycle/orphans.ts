import type { Orphan, OrphanStore } from "../../../lifecycle/ports/orphan-store.ts";
import { digestFromBytes } from "../../../registry/digest.ts";
import type { RepositoryName } from "../../../registry/names.ts";
import type { RepositoryId } from "../../../registry/ports/index.ts";
import type { RegistryId } from "../../../registry/scope.ts";
import type { Database } from "../database.ts";
import { brokenForeignKey } from "../errors.ts";
import { type Locked, removeLocked, typesOf } from "../manifests/delete.ts";

const STAMP = {
  name: "orphans_stamp",
  text: `UPDATE gc_referrer_queue SET since = $1 WHERE (repository_id, manifest_id) IN (
    SELECT repository_id, manifest_id FROM gc_referrer_queue WHERE since IS NULL LIMIT $2 FOR UPDATE SKIP LOCKED)
    RETURNING 1`,
};
const TAKE = {
  name: "orphans_take",
  text: `WITH due AS (
      SELECT repository_id, manifest_id FROM gc_referrer_queue WHERE since <= $1
      ORDER BY since NULLS FIRST LIMIT $3 FOR UPDATE SKIP LOCKED),
    taken AS (
      UPDATE gc_referrer_queue q SET since = $2 FROM due
      WHERE q.repository_id = due.repository_id AND q.manifest_id = due.manifest_id
      RETURNING q.repository_id, q.manifest_id)
    SELECT t.repository_id, t.manifest_id, g.id AS registry_id, g.account_id, g.region, r.name
    FROM taken t JOIN repositories r ON r.id = t.repository_id JOIN registries g ON g.id = r.registry_id`,
};
const HOLD_REPOSITORY = {
  name: "orphans_hold_repository",
  text: "SELECT 1 FROM repositories WHERE id = $1 AND deleted_at IS NULL FOR KEY SHARE",
};
const POLICY = {
  name: "orphans_policy",
  text: "SELECT document FROM lifecycle_policies WHERE repository_id = $1 FOR SHARE",
};
const LOCK = {
  name: "orphans_lock",
  text: `SELECT m.repository_id, m.id, m.digest, ${typesOf("m")} AS types FROM manifests m
    WHERE m.repository_id = $1 AND m.id = $2 FOR UPDATE`,
};
const LOOK = {
  name: "orphans_look",
  text: `SELECT EXISTS (SELECT 1 FROM tags t WHERE t.repository_id = m.repository_id AND t.manifest_id = m.id) AS tagged,
      EXISTS (SELECT 1 FROM manifests s WHERE s.repository_id = m.repository_id AND s.digest = m.subject_digest) AS found
    FROM manifests m WHERE m.repository_id = $1 AND m.id = $2`,
};
const END = {
  name: "orphans_end",
  text: "DELETE FROM gc_referrer_queue WHERE repository_id = $1 AND manifest_id = $2",
};

interface Row {
  readonly repository_id: RepositoryId;
  readonly manifest_id: number;
  readonly registry_id: RegistryId;
  readonly account_id: string;
  readonly region: string;
  readonly name: RepositoryName;
}

/** Manifests whose subject was deleted, in Postgres. */
export function postgresOrphans(database: Database): OrphanStore {
  return {
    async stamp(at, limit) {
      return (await database.run(STAMP, [at, limit])).length;
    },
    async take(before, at, limit) {
      return (await database.run<Row>(TAKE, [before, at, limit])).map(toOrphan);
    },
    // Who may meet: this removal and the push of the subject, or of a tag or an index of the manifest. What has committed
    // before the lock on the manifest keeps it; a subject that comes later finds it gone, as if it had come a moment later
    // than it did. Whoever tags or lists it later pushes it again.
    async remove(orphan, keeps, cause, at) {
      try {
        return await database.transaction(async (tx) => {
          const { repositoryId, manifestId, registryId, name: repository } = orphan;
          const key = [repositoryId, manifestId];
          if ((await tx.query(HOLD_REPOSITORY, [repositoryId])).length === 0) return false;
          const [policy] = await tx.query<{ document: string }>(POLICY, [repositoryId]);
          const [locked] = await tx.query<Locked & { digest: Buffer }>(LOCK, key);
          const [seen] = await tx.query<{ tagged: boolean; found: boolean }>(LOOK, key);
          if (locked === undefined || seen === undefined) return false;
          if (seen.found) await tx.query(END, key);
          if (seen.found || seen.tagged || (policy !== undefined && keeps(policy.document))) return false;
          const manifest = { ...locked, digest: digestFromBytes(locked.digest) };
          return "removed" in (await removeLocked(tx, manifest, { cause, at, registryId, repository }));
        });
      } catch (error) {
        if (brokenForeignKey(error) === undefined) throw error;
        return false;
      }
    },
  };
}

function toOrphan(row: Row): Orphan {
  return {
    ...{ repositoryId: row.repository_id, manifestId: row.manifest_id, registryId: row.registry_id },
    ...{ account: row.account_id, region: row.region, name: row.name },
  };
}
