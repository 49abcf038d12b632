import { type Digest, digestFromBytes, digestToBytes } from "../../../registry/digest.ts";
import type { Tag } from "../../../registry/names.ts";
import type {
  ManifestLookup,
  ManifestStore,
  ReferrerRow,
  RepositoryId,
} from "../../../registry/ports/index.ts";
import type { Database } from "../database.ts";

interface HeadRow {
  repository_id: RepositoryId;
  digest: Buffer | null;
  media_type: string;
  size: number;
}

const BY_TAG = {
  name: "manifest_by_tag",
  text: `SELECT r.id AS repository_id, m.digest, m.media_type, m.size FROM repositories r
    LEFT JOIN tags t ON t.repository_id = r.id AND t.name = $3
    LEFT JOIN manifests m ON m.repository_id = r.id AND m.id = t.manifest_id
    WHERE r.registry_id = $1 AND r.name = $2 AND r.deleted_at IS NULL`,
};
const BY_DIGEST = {
  name: "manifest_by_digest",
  text: `SELECT r.id AS repository_id, m.digest, m.media_type, m.size FROM repositories r
    LEFT JOIN manifests m ON m.repository_id = r.id AND m.digest = $3
    WHERE r.registry_id = $1 AND r.name = $2 AND r.deleted_at IS NULL`,
};
const PAYLOAD = {
  name: "manifest_payload",
  text: "SELECT payload FROM manifests WHERE repository_id = $1 AND digest = $2",
};
const TAGS = {
  name: "manifest_tags",
  text: `SELECT t.name FROM repositories r
    LEFT JOIN LATERAL (
      SELECT name FROM tags WHERE repository_id = r.id AND name > $3 ORDER BY name LIMIT $4) t ON true
    WHERE r.registry_id = $1 AND r.name = $2 AND r.deleted_at IS NULL`,
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
        AND m.subject_digest = $3 AND m.id > $4 AND ($5::text IS NULL OR m.artifact_type = $5)
      ORDER BY m.id LIMIT $6) AS page
    WHERE before < 4194304 ORDER BY id`,
};

type Finders = Pick<ManifestStore, "findByTag" | "findByDigest" | "payload" | "listTags" | "listReferrers">;

export function manifestFinders(database: Database): Finders {
  return {
    async findByTag(registryId, name, tag) {
      return toLookup(await database.read<HeadRow>(BY_TAG, [registryId, name, tag]));
    },
    async findByDigest(registryId, name, digest) {
      return toLookup(await database.read<HeadRow>(BY_DIGEST, [registryId, name, digestToBytes(digest)]));
    },
    async payload(repositoryId, digest) {
      const [row] = await database.run<{ payload: Buffer }>(PAYLOAD, [repositoryId, digestToBytes(digest)]);
      return row?.payload;
    },
    async listTags(registryId, name, after, limit) {
      const rows = await database.run<{ name: Tag | null }>(TAGS, [registryId, name, after, limit]);
      if (rows.length === 0) return undefined;
      return rows.flatMap((row) => (row.name === null ? [] : [row.name]));
    },
    async listReferrers(registryId, name, { subject, artifactType, after, limit }) {
      const rows = await database.run<ReferrerColumns>(REFERRERS, [
        ...[registryId, name, digestToBytes(subject)],
        ...[after, artifactType ?? null, limit],
      ]);
      return rows.map(toReferrer);
    },
  };
}

function toLookup([row]: readonly HeadRow[]): ManifestLookup {
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
    annotations: row.annotations === null ? undefined : JSON.parse(row.annotations),
  };
}
