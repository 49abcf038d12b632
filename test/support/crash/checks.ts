import type { TestBerth } from "../berth.ts";
import { rowsOf } from "../rows.ts";
import { ask, type Reply } from "./client.ts";
import { DurableFiles } from "./durable-files.ts";
import type { Lane } from "./lane.ts";
import { digestOf, type Fact } from "./pushes.ts";

/** Each of these says what is wrong, a line for each thing; nothing when all is well. */
type Problems = readonly string[];

/** Of each list of facts about one path one must hold: more than one where a call had no answer. */
export async function checkFacts(url: string, facts: Iterable<readonly Fact[]>): Promise<Problems> {
  const problems: string[] = [];
  for (const alternatives of facts) {
    const path = alternatives[0]?.path ?? "";
    const reply = await ask(url, { method: "GET", path });
    if (!alternatives.some((fact) => holds(fact, reply))) {
      problems.push(
        `${path} answers ${reply.status} with ${reply.body.length} bytes that were not acknowledged`,
      );
    }
  }
  return problems;
}

function holds({ bytes }: Fact, reply: Reply): boolean {
  return bytes === undefined ? reply.status === 404 : reply.status === 200 && reply.body.equals(bytes);
}

interface Named {
  readonly repository: string;
  readonly digest: string;
}

const SHA256 = "'sha256:' || substr(encode(digest, 'hex'), 3) AS digest";

/** Whatever the registry shows is whole: links, manifests with all that they name, tags. */
export async function checkVisible(berth: TestBerth): Promise<Problems> {
  const problems: string[] = [];
  const read = async (path: string): Promise<Reply> => ask(berth.url, { method: "GET", path });
  const readable = new Set<string>();
  for (const { repository, digest } of await rowsOf<Named>(
    berth,
    `SELECT r.name AS repository, ${SHA256} FROM repository_blobs JOIN blobs b ON b.id = blob_id
      JOIN repositories r ON r.id = repository_id WHERE deleted_at IS NULL`,
  )) {
    const { status, body } = await read(`/v2/${repository}/blobs/${digest}`);
    if (status === 200 && digestOf(body) === digest) readable.add(`${repository} ${digest}`);
    else problems.push(`the blob ${digest} is linked and answers ${status} with ${body.length} bytes`);
  }
  for (const { repository, digest, edges } of await rowsOf<Named & { readonly edges: number }>(
    berth,
    `SELECT r.name AS repository, ${SHA256}, (SELECT count(*) FROM manifest_blobs e
        WHERE e.repository_id = m.repository_id AND e.manifest_id = m.id) AS edges
      FROM manifests m JOIN repositories r ON r.id = repository_id WHERE deleted_at IS NULL`,
  )) {
    const { status, body } = await read(`/v2/${repository}/manifests/${digest}`);
    if (status !== 200 || digestOf(body) !== digest)
      problems.push(`the manifest ${digest} answers ${status}`);
    const named = digestsIn(body);
    if (edges !== named.length)
      problems.push(`the manifest ${digest} holds ${edges} of ${named.length} blobs`);
    for (const blob of named) {
      if (!readable.has(`${repository} ${blob}`))
        problems.push(`the manifest ${digest} lacks its blob ${blob}`);
    }
  }
  for (const { repository, tag, digest } of await rowsOf<Named & { readonly tag: string }>(
    berth,
    `SELECT r.name AS repository, t.name AS tag, ${SHA256} FROM tags t JOIN repositories r ON r.id = t.repository_id
      JOIN manifests m ON m.repository_id = t.repository_id AND m.id = manifest_id WHERE deleted_at IS NULL`,
  )) {
    const { status, headers } = await read(`/v2/${repository}/manifests/${tag}`);
    if (status !== 200 || headers["docker-content-digest"] !== digest) {
      problems.push(`the tag ${tag} answers ${status}`);
    }
  }
  for (const { tag } of await rowsOf<{ readonly tag: string }>(berth, TAGS_BESIDE_THEIR_HISTORY)) {
    problems.push(`the tag ${tag} is not what its history says last`);
  }
  return problems;
}

const TAGS_BESIDE_THEIR_HISTORY = `
  WITH last AS (
    SELECT DISTINCT ON (repository_id, name) repository_id, name, digest FROM tag_history
    ORDER BY repository_id, name, revision DESC),
  now AS (
    SELECT t.repository_id, t.name, m.digest FROM tags t
    JOIN manifests m ON m.repository_id = t.repository_id AND m.id = t.manifest_id)
  SELECT name AS tag FROM last FULL JOIN now USING (repository_id, name)
  WHERE last.digest IS DISTINCT FROM now.digest`;

function digestsIn(manifest: Buffer): readonly string[] {
  const { config, layers } = JSON.parse(manifest.toString());
  return [config, ...layers].map(({ digest }) => digest);
}

/** The storage has the objects that rows name, and nothing else. */
export async function checkStorage(berth: TestBerth, { objects }: Lane, when: string): Promise<Problems> {
  const rows = await rowsOf<{ readonly key: string }>(berth, "SELECT key FROM objects");
  const named = new Set(rows.map(({ key }) => key));
  const stored = new Set(await objects.keys());
  const unfinished = await objects.unfinished();
  return [
    ...[...stored.difference(named)].map((key) => `${when} no row knows the object ${key}`),
    ...[...named.difference(stored)].map((key) => `${when} the object ${key} is missing`),
    ...(unfinished === 0 ? [] : [`${when} ${unfinished} multipart uploads are unfinished`]),
  ];
}

/** Every byte that a row names would have survived a power cut at the moment of the crash. */
export async function checkDurable(berth: TestBerth, trace: string | undefined): Promise<Problems> {
  if (trace === undefined) return [];
  const files = new DurableFiles(trace);
  const rows = await rowsOf<{ readonly key: string; readonly size: number }>(
    berth,
    `SELECT o.key, b.size FROM objects o JOIN blobs b ON b.id = o.blob_id
      UNION ALL SELECT content->>'key', size FROM uploads WHERE content IS NOT NULL`,
  );
  return rows.flatMap(({ key, size }) => {
    const kept = files.sizeOf(key);
    return kept !== undefined && kept >= size
      ? []
      : [`a power cut would have left ${kept ?? "not one"} of the ${size} bytes of ${key}`];
  });
}

/** Nothing is left at all. */
export async function checkEmpty(berth: TestBerth, { objects }: Lane): Promise<Problems> {
  const tables = ["repositories", "blobs", "objects", "manifests", "tags", "uploads", "object_deletions"];
  const counts = await Promise.all(
    tables.map(async (table) => [table, (await rowsOf(berth, `SELECT 1 FROM ${table}`)).length] as const),
  );
  return [
    ...counts.filter(([, count]) => count > 0).map(([table, count]) => `${count} rows of ${table} are left`),
    ...(await objects.keys()).map((key) => `the object ${key} is left after everything was deleted`),
  ];
}
