import { digestFromBytes } from "../../registry/digest.ts";
import type { RepositoryId } from "../../registry/ports/index.ts";
import type { Transaction } from "./transaction.ts";

/** Digests, and tags, that the record of a deleted repository names; their numbers are whole. */
const NAMED_MAX = 100;

const CONTENT = {
  name: "repository_content",
  text: `SELECT (SELECT count(*) FROM manifests WHERE repository_id = $1) AS manifests,
      (SELECT count(*) FROM tags WHERE repository_id = $1) AS tags,
      ARRAY(SELECT digest FROM manifests WHERE repository_id = $1 ORDER BY id DESC LIMIT $2) AS digests,
      ARRAY(SELECT t.name FROM tags t WHERE t.repository_id = $1 ORDER BY t.name LIMIT $2) AS tag_names,
      ARRAY(SELECT m.digest FROM tags t JOIN manifests m ON m.repository_id = t.repository_id AND m.id = t.manifest_id
        WHERE t.repository_id = $1 ORDER BY t.name LIMIT $2) AS tag_digests`,
};

interface Row {
  readonly manifests: number;
  readonly tags: number;
  readonly digests: readonly Buffer[];
  readonly tag_names: readonly string[];
  readonly tag_digests: readonly Buffer[];
}

/** What a repository holds, for the record of its deletion; under its lock, so that nothing else goes with it. */
export async function contentOf(
  tx: Transaction,
  id: RepositoryId,
): Promise<Readonly<Record<string, unknown>>> {
  const [row] = await tx.query<Row>(CONTENT, [id, NAMED_MAX]);
  if (row === undefined || row.manifests === 0) return {};
  const { manifests, tags, digests, tag_names: names, tag_digests: tagged } = row;
  return {
    ...{ manifests, digests: digests.map(digestFromBytes) },
    ...{ tags, tagged: Object.fromEntries(names.map((name, at) => [name, digestOf(tagged[at])])) },
  };
}

function digestOf(bytes: Buffer | undefined): string {
  return bytes === undefined ? "" : digestFromBytes(bytes);
}
