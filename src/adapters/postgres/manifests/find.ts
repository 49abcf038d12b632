import { type Digest, digestFromBytes, digestToBytes } from "../../../registry/digest.ts";
import type { RepositoryName, Tag } from "../../../registry/names.ts";
import type {
  ManifestLookup,
  ManifestStore,
  ReferrerRow,
  RepositoryId,
} from "../../../registry/ports/index.ts";
import type { RegistryId } from "../../../registry/scope.ts";
import { BatchedReads, keysFrom } from "../batched-reads.ts";
import type { Database } from "../database.ts";

interface HeadRow {
  at: number;
  repository_id: RepositoryId;
  digest: Buffer | null;
  media_type: string;
  size: number;
}

const SCOPE = [
  { name: "registry_id", type: "bigint" },
  { name: "repository", type: "text" },
];
const BY_TAG = {
  name: "manifest_by_tag",
  text: `SELECT q.at, r.id AS repository_id, m.digest, m.media_type, m.size
    FROM ${keysFrom([...SCOPE, { name: "tag", type: "text" }])}
    JOIN LATERAL (SELECT id FROM repositories
      WHERE registry_id = q.registry_id AND name = q.repository AND deleted_at IS NULL LIMIT 1) r ON true
    LEFT JOIN LATERAL (SELECT m.digest, m.media_type, m.size FROM tags t
      JOIN manifests m ON m.repository_id = r.id AND m.id = t.manifest_id
      WHERE t.repository_id = r.id AND t.name = q.tag LIMIT 1) m ON true`,
};
const BY_DIGEST = {
  name: "manifest_by_digest",
  text: `SELECT q.at, r.id AS repository_id, m.digest, m.media_type, m.size
    FROM ${keysFrom([...SCOPE, { name: "digest", type: "bytea" }])}
    JOIN LATERAL (SELECT id FROM repositories
      WHERE registry_id = q.registry_id AND name = q.repository AND deleted_at IS NULL LIMIT 1) r ON true
    LEFT JOIN LATERAL (SELECT digest, media_type, size FROM manifests
      WHERE repository_id = r.id AND digest = q.digest LIMIT 1) m ON true`,
};
const PAYLOAD = {
  name: "manifest_payload",
  text: "SELECT payload FROM manifests WHERE repository_id = $1 AND digest = $2",
};
// One row for a whole page: no tag holds a space.
const TAGS = {
  name: "manifest_tags",
  text: `SELECT (SELECT string_agg(name, ' ') FROM (
      SELECT name FROM tags WHERE repository_id = r.id AND name > $3 ORDER BY name LIMIT $4) AS page) AS names
    FROM repositories r WHERE r.registry_id = $1 AND r.name = $2 AND r.deleted_at IS NULL`,
};
// The running sum keeps a page of huge annotations from being read whole.
const REFERRERS = {
  name: "manifest_referrers",
  text: `SELECT id, digest, media_type, size, artifact_type, annotations FROM (
      SELECT m.id, m.digest, m.media_type, m.size, m.artifact_type, m.annotations,
        sum(coalesce(octet_length(m.annotations), 0)) OVER (ORDER BY m.id) - coalesce(octet_length(m.annotations), 0)
          AS before
      FROM repositories r JOIN manifests m ON m.repository_id = r.id
      WHERE r.registry_id = $1 AND r.name = $2 AND r.deleted_at IS NULL
        AND m.subject_digest = $3 AND m.id > $4 AND ($5::text[] IS NULL OR m.artifact_type = ANY ($5))
      ORDER BY m.id LIMIT $6) AS page
    WHERE before < 4194304 ORDER BY id`,
};

type Finders = Pick<ManifestStore, "findByTag" | "findByDigest" | "payload" | "listTags" | "listReferrers">;

export function manifestFinders(database: Database): Finders {
  const byTag = new BatchedReads<[RegistryId, RepositoryName, Tag], HeadRow>(database, BY_TAG);
  const byDigest = new BatchedReads<[RegistryId, RepositoryName, Buffer], HeadRow>(database, BY_DIGEST);
  return {
    async findByTag({ id: registryId }, name, tag) {
      return toLookup(await byTag.read(registryId, name, tag));
    },
    async findByDigest({ id: registryId }, name, digest) {
      return toLookup(await byDigest.read(registryId, name, digestToBytes(digest)));
    },
    async payload(repositoryId, digest) {
      const [row] = await database.run<{ payload: Buffer }>(PAYLOAD, [repositoryId, digestToBytes(digest)]);
      return row?.payload;
    },
    async listTags({ id: registryId }, name, after, limit) {
      const [row] = await database.run<{ names: string | null }>(TAGS, [registryId, name, after, limit]);
      if (row === undefined) return undefined;
      return row.names === null ? [] : (row.names.split(" ") as Tag[]);
    },
    async listReferrers({ id: registryId }, name, { subject, artifactTypes, after, limit }) {
      const rows = await database.run<ReferrerColumns>(REFERRERS, [
        ...[registryId, name, digestToBytes(subject)],
        ...[after, artifactTypes ?? null, limit],
      ]);
      return rows.map(toReferrer);
    },
  };
}

function toLookup(row: HeadRow | undefined): ManifestLookup {
  if (row === undefined) return { repository: false };
  if (row.digest === null) return { repository: true, manifest: undefined };
  return {
    repository: true,
    manifest: {
      repositoryId: row.repository_id,
      digest: digestFromBytes(row.digest),
      mediaType: row.media_type,
      size: row.size,
    },
  };
}

interface ReferrerColumns {
  id: number;
  digest: Buffer;
  media_type: string;
  size: number;
  artifact_type: string | null;
  annotations: string | null;
}

function toReferrer(row: ReferrerColumns): ReferrerRow {
  return {
    id: row.id,
    digest: digestFromBytes(row.digest) satisfies Digest,
    mediaType: row.media_type,
    size: row.size,
    artifactType: row.artifact_type ?? undefined,
    annotationsText: row.annotations ?? undefined,
  };
}
