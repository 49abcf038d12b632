import { digestFromBytes, digestToBytes } from "../../../registry/digest.ts";
import type { ImageLookup, ImageStore } from "../../../registry/ports/index.ts";
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
  text: `SELECT named.id AS named_id, named.digest AS named_digest, tagged.id AS tagged_id, tagged.digest AS tagged_digest
    FROM repositories r CROSS JOIN unnest($3::bytea[], $4::text[]) WITH ORDINALITY AS q (digest, tag, at)
    LEFT JOIN LATERAL (SELECT id, digest FROM manifests
      WHERE repository_id = r.id AND digest = q.digest LIMIT 1) AS named ON true
    LEFT JOIN LATERAL (SELECT m.id, m.digest FROM tags t
      JOIN manifests m ON m.repository_id = r.id AND m.id = t.manifest_id
      WHERE t.repository_id = r.id AND t.name = q.tag LIMIT 1) AS tagged ON true
    WHERE r.registry_id = $1 AND r.name = $2 AND r.deleted_at IS NULL ORDER BY q.at`,
};

interface Resolved {
  readonly named_id: number | null;
  readonly named_digest: Buffer | null;
  readonly tagged_id: number | null;
  readonly tagged_digest: Buffer | null;
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
      return rows.map((row, at) => toLookup(row, references[at]?.tag !== undefined, digests[at] !== null));
    },
    async details({ id: registryId }, name, ids) {
      const [repository] = await database.run<{ id: Parameters<typeof readDetails>[1] }>(REPOSITORY, [
        registryId,
        name,
      ]);
      if (repository === undefined) return undefined;
      return (await readDetails(database, repository.id, ids, Number.MAX_SAFE_INTEGER)).images;
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
function toLookup(row: Resolved, byTag: boolean, byDigest: boolean): ImageLookup {
  if (byTag && row.tagged_id === null) return "unknown";
  if (byTag && byDigest && row.tagged_id !== row.named_id) return "tag elsewhere";
  const [id, digest] = byTag ? [row.tagged_id, row.tagged_digest] : [row.named_id, row.named_digest];
  return id === null || digest === null ? "unknown" : { id, digest: digestFromBytes(digest) };
}
