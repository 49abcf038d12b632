import { digestFromBytes } from "../../registry/digest.ts";
import type { RepositoryId } from "../../registry/ports/index.ts";
import type { Transaction } from "./transaction.ts";

/** Digests, and tags, that the record of a deleted repository names. */
const NAMED_MAX = 100;
/** Manifests, and tags, that it counts: the repository is locked meanwhile, whatever it holds. */
const COUNTED_MAX = 10_000;

const CONTENT = {
  name: "repository_content",
  text: `SELECT (SELECT count(*) FROM (SELECT FROM manifests WHERE repository_id = $1 LIMIT $3) AS each) AS manifests,
      (SELECT count(*) FROM (SELECT FROM tags WHERE repository_id = $1 LIMIT $3) AS each) AS tags,
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

/**
 * What a repository holds, for the record of its deletion; under its lock, so that nothing else goes with it. Numbers up to
 * {@link COUNTED_MAX}, and beyond that that there is more.
 */
export async function contentOf(
  tx: Transaction,
  id: RepositoryId,
): Promise<Readonly<Record<string, unknown>>> {
  const [row] = await tx.query<Row>(CONTENT, [id, NAMED_MAX, COUNTED_MAX + 1]);
  if (row === undefined || row.manifests === 0) return {};
  const { manifests, tags, digests, tag_names: names, tag_digests: tagged } = row;
  return {
    ...{ manifests: counted(manifests), digests: digests.map(digestFromBytes) },
    ...{
      tags: counted(tags),
      tagged: Object.fromEntries(names.map((name, at) => [name, digestOf(tagged[at])])),
    },
  };
}

function counted(count: number): number | string {
  return count > COUNTED_MAX ? `more than ${COUNTED_MAX}` : count;
}

function digestOf(bytes: Buffer | undefined): string {
  return bytes === undefined ? "" : digestFromBytes(bytes);
}
