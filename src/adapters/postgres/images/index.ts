import { type Digest, digestToBytes } from "../../../registry/digest.ts";
import type { ImageLookup, ImageReference, ImageStore, RepositoryId } from "../../../registry/ports/index.ts";
import type { Database } from "../database.ts";
import { readDetails } from "./details.ts";
import { readDigests, readEntries, readIds, readTagged } from "./pages.ts";

/** Tags that the images of one page have together, at most, beside those of its first one. */
const TAGS_MAX = 10_000;

const REPOSITORY = {
  name: "image_repository",
  text: "SELECT id FROM repositories WHERE registry_id = $1 AND name = $2 AND deleted_at IS NULL",
};
const RESOLVE = {
  name: "image_resolve",
  text: `SELECT r.id AS repository_id, to_jsonb(named) AS named, to_jsonb(tagged) AS tagged
    FROM repositories r LEFT JOIN unnest($3::bytea[], $4::text[]) WITH ORDINALITY AS q (digest, tag, at) ON true
    LEFT JOIN LATERAL (SELECT id, digest_text(digest) AS digest, media_type, size FROM manifests
      WHERE repository_id = r.id AND digest = q.digest LIMIT 1) AS named ON true
    LEFT JOIN LATERAL (SELECT m.id, digest_text(m.digest) AS digest, m.media_type, m.size FROM tags t
      JOIN manifests m ON m.repository_id = r.id AND m.id = t.manifest_id
      WHERE t.repository_id = r.id AND t.name = q.tag LIMIT 1) AS tagged ON true
    WHERE r.registry_id = $1 AND r.name = $2 AND r.deleted_at IS NULL ORDER BY q.at`,
};

const LISTINGS = {
  name: "image_listings",
  text: `SELECT DISTINCT e.manifest_id, e.child_id FROM unnest($2::bigint[]) AS asked (id)
    JOIN LATERAL (SELECT manifest_id, child_id FROM manifest_children
      WHERE repository_id = $1 AND child_id = asked.id OFFSET 0) AS e ON e.manifest_id = ANY ($2)`,
};

interface Found {
  readonly id: number;
  readonly digest: Digest;
  readonly media_type: string;
  readonly size: number;
}
interface Resolved {
  readonly repository_id: RepositoryId;
  readonly named: Found | null;
  readonly tagged: Found | null;
}

/** What repositories hold, in Postgres. */
export function postgresImages(database: Database): ImageStore {
  return {
    async page(scope, name, query) {
      const page = await readIds(database, scope, name, query);
      if (page === undefined) return undefined;
      const { images, isCut } = await readDetails(database, page.repository, page.ids, TAGS_MAX);
      return { items: images, next: isCut ? images.at(-1)?.id : page.next };
    },
    async resolve({ id: registryId }, name, references) {
      const digests = references.map(({ digest }) => (digest === undefined ? null : digestToBytes(digest)));
      const tags = references.map(({ tag }) => tag ?? null);
      const rows = await database.run<Resolved>(RESOLVE, [registryId, name, digests, tags]);
      if (rows.length === 0) return undefined;
      return references.flatMap((reference, at) => {
        const row = rows[at];
        return row === undefined ? [] : [toLookup(row, reference)];
      });
    },
    async listings(repository, ids) {
      const rows = await database.run<{ manifest_id: number; child_id: number }>(LISTINGS, [repository, ids]);
      return rows.map(({ manifest_id, child_id }) => [manifest_id, child_id] as const);
    },
    async details({ id: registryId }, name, ids, tagsMax) {
      const [repository] = await database.run<{ id: RepositoryId }>(REPOSITORY, [registryId, name]);
      if (repository === undefined) return undefined;
      const { images, isCut } = await readDetails(database, repository.id, ids, tagsMax);
      return isCut ? "too many tags" : images;
    },
    async entries(scope, name, { after, limit }) {
      const place = { id: after.id, tag: after.tag ?? null };
      const entries = await readEntries(database, scope, name, place, limit + 1);
      if (entries === undefined) return undefined;
      const items = entries.slice(0, limit);
      const last = items.at(-1);
      return { items, next: entries.length > limit && last !== undefined ? last : undefined };
    },
    async tagged(scope, name, { after, limit }) {
      const entries = await readTagged(database, scope, name, after, limit + 1);
      if (entries === undefined) return undefined;
      const items = entries.slice(0, limit);
      return { items, next: entries.length > limit ? items.at(-1)?.tag : undefined };
    },
    async untagged(scope, name, query) {
      const page = await readIds(database, scope, name, { ...query, tagStatus: "UNTAGGED" });
      if (page === undefined) return undefined;
      const digests = await readDigests(database, page.repository, page.ids);
      return { items: digests.map((digest) => ({ digest, tag: undefined })), next: page.next };
    },
  };
}

/** Where the reference leads that has a tag, or a digest, or both. */
function toLookup({ repository_id, named, tagged }: Resolved, { digest, tag }: ImageReference): ImageLookup {
  if (tag !== undefined && tagged === null) return "unknown";
  if (tag !== undefined && digest !== undefined && tagged?.id !== named?.id) return "tag elsewhere";
  const found = tag === undefined ? named : tagged;
  if (found === null) return "unknown";
  const { media_type: mediaType, ...rest } = found;
  return { ...rest, mediaType, repositoryId: repository_id };
}
