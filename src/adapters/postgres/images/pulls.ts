import { digestToBytes } from "../../../registry/digest.ts";
import { PULLED_TOGETHER, type PullStore } from "../../../registry/ports/index.ts";
import { recordChange, registryChange } from "../audit/record.ts";
import type { Database } from "../database.ts";
import { brokenForeignKey } from "../errors.ts";

// In the order of the key, so that two batches wait for each other and do not lock each other out.
const RECORD = {
  name: "pull_record",
  text: `WITH pulled AS MATERIALIZED (
      SELECT m.repository_id, m.id, q.by_tag, q.at
      FROM unnest($1::bigint[], $2::bytea[], $3::boolean[], $4::text[], $5::timestamptz[])
        AS q (repository_id, digest, by_tag, principal, at)
      JOIN repositories r ON r.id = q.repository_id
      JOIN manifests m ON m.repository_id = q.repository_id AND m.digest = q.digest
      WHERE NOT EXISTS (SELECT FROM pull_time_exclusions x
        WHERE x.registry_id = r.registry_id AND x.principal_arn = q.principal))
    INSERT INTO image_pulls (repository_id, manifest_id, pulled_at)
    SELECT p.repository_id, p.id, max(p.at) FROM pulled p
    WHERE p.by_tag OR NOT EXISTS (
      SELECT FROM manifest_children c
      LEFT JOIN image_pulls before ON before.repository_id = c.repository_id AND before.manifest_id = c.manifest_id
      WHERE c.repository_id = p.repository_id AND c.child_id = p.id
        AND (before.pulled_at >= p.at - make_interval(secs => ${PULLED_TOGETHER / 1000})
          OR (c.repository_id, c.manifest_id) IN (SELECT repository_id, id FROM pulled)))
    GROUP BY p.repository_id, p.id ORDER BY p.repository_id, p.id
    ON CONFLICT (repository_id, manifest_id) DO UPDATE SET pulled_at = EXCLUDED.pulled_at
      WHERE image_pulls.pulled_at < EXCLUDED.pulled_at`,
};
// Registrations of one registry wait for each other, so that none of them counts too few.
const LOCK_REGISTRY = {
  name: "pull_lock_registry",
  text: "SELECT 1 FROM registries WHERE id = $1 FOR NO KEY UPDATE",
};
const COUNT = {
  name: "pull_count_exclusions",
  text: "SELECT count(*)::integer AS count FROM pull_time_exclusions WHERE registry_id = $1",
};
const FIND = {
  name: "pull_find_exclusion",
  text: "SELECT 1 FROM pull_time_exclusions WHERE registry_id = $1 AND principal_arn = $2",
};
const EXCLUDE = {
  name: "pull_exclude",
  text: "INSERT INTO pull_time_exclusions (registry_id, principal_arn, created_at) VALUES ($1, $2, $3)",
};
const INCLUDE = {
  name: "pull_include",
  text: "DELETE FROM pull_time_exclusions WHERE registry_id = $1 AND principal_arn = $2 RETURNING 1",
};
const EXCLUDED = {
  name: "pull_excluded",
  text: `SELECT principal_arn FROM pull_time_exclusions
    WHERE registry_id = $1 AND principal_arn > $2 ORDER BY principal_arn LIMIT $3`,
};

/** Pull times and their exclusions, in Postgres. */
export function postgresPulls(database: Database): PullStore {
  return {
    async record(pulls) {
      const columns = [
        pulls.map(({ repositoryId }) => repositoryId),
        pulls.map(({ digest }) => digestToBytes(digest)),
        pulls.map(({ byTag }) => byTag),
        pulls.map(({ principal }) => principal),
        pulls.map(({ at }) => at),
      ];
      try {
        await database.run(RECORD, columns);
      } catch (error) {
        // One of them was deleted meanwhile: the next look does not find it.
        if (brokenForeignKey(error) === undefined) throw error;
        await database.run(RECORD, columns);
      }
    },
    exclude: ({ id }, principalArn, max, cause, at) =>
      database.transaction(async (tx) => {
        await tx.query(LOCK_REGISTRY, [id]);
        if ((await tx.query(FIND, [id, principalArn])).length > 0) return "exists";
        const [row] = await tx.query<{ count: number }>(COUNT, [id]);
        if (row !== undefined && row.count >= max) return "too many";
        await tx.query(EXCLUDE, [id, principalArn, at]);
        await recordChange(tx, cause, at, { principalArn }, registryChange(id));
        return at;
      }),
    include: ({ id }, principalArn, cause, at) =>
      database.transaction(async (tx) => {
        if ((await tx.query(INCLUDE, [id, principalArn])).length === 0) return false;
        await recordChange(tx, cause, at, { principalArn }, registryChange(id));
        return true;
      }),
    async excluded({ id }, after, limit) {
      const rows = await database.run<{ principal_arn: string }>(EXCLUDED, [id, after, limit]);
      return rows.map(({ principal_arn }) => principal_arn);
    },
  };
}
