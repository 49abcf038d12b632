import {
  type ContentFigures,
  FIGURE_MAX,
  type QueueFigures,
  type RegistryFigures,
} from "../../registry/ports/registry-figures.ts";
import type { Database } from "./database.ts";

/** Rows of a table up to a bound; `state` and the condition go by an index. */
function counted(queue: string, state: keyof QueueFigures, rows: string): string {
  return `SELECT '${queue}' AS queue, '${state}' AS state, count(*)::integer AS tasks
    FROM (SELECT 1 FROM ${rows} LIMIT ${FIGURE_MAX}) AS few`;
}

const QUEUES = {
  name: "figures_of_queues",
  text: [
    counted("links", "due", "gc_link_queue WHERE since <= $1"),
    counted("links", "waiting", "gc_link_queue WHERE since > $1"),
    counted("links", "waiting", "gc_link_queue WHERE since IS NULL"),
    counted("blobs", "due", "gc_blob_queue"),
    counted("manifests", "due", "gc_manifest_queue WHERE since IS NULL"),
    counted("manifests", "waiting", "gc_manifest_queue WHERE since IS NOT NULL"),
    counted("referrers", "waiting", "gc_referrer_queue"),
    counted("objects", "due", "object_deletions WHERE not_before <= $2"),
    counted("objects", "waiting", "object_deletions WHERE not_before > $2"),
    counted("uploads", "due", "uploads WHERE active_at <= $3"),
    counted("uploads", "waiting", "uploads WHERE active_at > $3"),
  ].join("\nUNION ALL "),
};
// An index has the number of its rows as of the last VACUUM or ANALYZE; -1 where there was none.
const CONTENT = {
  name: "figures_of_content",
  text: `SELECT
    (SELECT count(*) FROM (SELECT 1 FROM repositories WHERE deleted_at IS NULL LIMIT ${FIGURE_MAX + 1}) AS few)::integer
      AS repositories,
    (SELECT reltuples FROM pg_class WHERE oid = 'repositories_live_name'::regclass)::double precision
      AS repositories_about,
    count(*)::integer AS blobs, coalesce(sum(size), 0)::double precision AS bytes,
    (SELECT reltuples FROM pg_class WHERE oid = 'blobs'::regclass)::double precision AS blobs_about
    FROM (SELECT size FROM blobs LIMIT ${FIGURE_MAX + 1}) AS few`,
};
/** Some pages of the table, $1 percent of them. */
const SAMPLE = {
  name: "figures_sample_blobs",
  text: "SELECT coalesce(avg(size), 0)::double precision AS average FROM blobs TABLESAMPLE SYSTEM ($1)",
};

interface QueueRow {
  readonly queue: string;
  readonly state: keyof QueueFigures;
  readonly tasks: number;
}

interface ContentRow {
  readonly repositories: number;
  readonly repositories_about: number;
  readonly blobs: number;
  readonly blobs_about: number;
  readonly bytes: number;
}

/** {@link RegistryFigures}, by rows where they are few and by PostgreSQL's own estimates where they are many. */
export function postgresRegistryFigures(database: Database): RegistryFigures {
  return {
    async queues({ links, objects, uploads }) {
      const figures: Record<string, { due: number; waiting: number }> = {};
      for (const { queue, state, tasks } of await database.run<QueueRow>(QUEUES, [links, objects, uploads])) {
        const found = figures[queue] ?? { due: 0, waiting: 0 };
        found[state] += tasks;
        figures[queue] = found;
      }
      return figures;
    },
    async content() {
      const [row] = await database.run<ContentRow>(CONTENT, []);
      if (row === undefined) throw new Error("PostgreSQL returned no figures");
      return {
        repositories: about(row.repositories, row.repositories_about),
        ...(await stored(database, row)),
      };
    },
  };
}

async function stored(
  database: Database,
  { blobs, blobs_about, bytes }: ContentRow,
): Promise<Pick<ContentFigures, "blobs" | "storedBytes">> {
  if (blobs <= FIGURE_MAX) return { blobs, storedBytes: bytes };
  const number = about(blobs, blobs_about);
  const percent = Math.min(100, (100 * FIGURE_MAX) / number);
  const [sample] = await database.run<{ average: number }>(SAMPLE, [percent]);
  return { blobs: number, storedBytes: Math.round((sample?.average ?? 0) * number) };
}

function about(counted: number, estimate: number): number {
  return counted <= FIGURE_MAX ? counted : Math.max(counted, Math.round(estimate));
}
