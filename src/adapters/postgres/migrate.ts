import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import pg from "pg";
import { clientConfig } from "./database.ts";

/** The schema that this program was written for: the number of its newest migration. */
interface Migration {
  readonly number: number;
  readonly name: string;
  readonly sql: string;
  readonly checksum: string;
  /** The oldest schema number whose programs can run beside this one; older nodes stop (`-- compatible-with: N`). */
  readonly compatibleWith: number;
  /** `-- no-transaction`: for statements that Postgres refuses inside one. */
  readonly transactional: boolean;
}

/** Serialises migrations of all nodes; any fixed number will do. */
const LOCK = 5_050_2026;

/**
 * Brings the schema up to date: numbered files, in order, each once, one node at a time, forward only.
 * @throws Error when an applied file was changed, or when the database is of a newer program that this one cannot run beside
 */
export async function migrate(config: pg.ClientConfig, directory: string): Promise<number> {
  const migrations = await loadMigrations(directory);
  const client = new pg.Client({ ...clientConfig(config), query_timeout: 0 });
  // A connection that is lost fails the statement under way, or the next one.
  client.on("error", () => undefined);
  await client.connect();
  try {
    await client.query("SELECT pg_advisory_lock($1)", [LOCK]);
    await client.query(
      `CREATE TABLE IF NOT EXISTS schema_migrations (
         number integer PRIMARY KEY, name text NOT NULL, checksum text NOT NULL,
         compatible_with integer NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())`,
    );
    const applied = (
      await client.query("SELECT number, name, checksum, compatible_with FROM schema_migrations")
    ).rows;
    refuseStrangers(migrations, applied);
    const done = new Set(applied.map((row) => row.number));
    for (const migration of migrations.filter(({ number }) => !done.has(number))) {
      await apply(client, migration);
    }
    return migrations.at(-1)?.number ?? 0;
  } finally {
    await client.end();
  }
}

async function apply(client: pg.Client, migration: Migration): Promise<void> {
  const record = {
    text: "INSERT INTO schema_migrations (number, name, checksum, compatible_with) VALUES ($1, $2, $3, $4)",
    values: [migration.number, migration.name, migration.checksum, migration.compatibleWith],
  };
  if (!migration.transactional) {
    await client.query(migration.sql);
    await client.query(record);
    return;
  }
  await client.query("BEGIN");
  try {
    await client.query(migration.sql);
    await client.query(record);
    await client.query("COMMIT");
  } catch (error) {
    await client.query("ROLLBACK").catch(() => undefined);
    throw new Error(`migration ${migration.name} failed: ${(error as Error).message}`, { cause: error });
  }
}

function refuseStrangers(
  migrations: readonly Migration[],
  applied: readonly { number: number; name: string; checksum: string; compatible_with: number }[],
): void {
  const newest = migrations.at(-1)?.number ?? 0;
  for (const row of applied) {
    const known = migrations.find(({ number }) => number === row.number);
    if (known !== undefined && known.checksum !== row.checksum) {
      throw new Error(
        `migration ${row.name} was changed after it had been applied; restore the file as it was released`,
      );
    }
    if (known === undefined && row.compatible_with > newest) {
      throw new Error(
        `the database has schema ${row.number} (${row.name}), which needs a Berth of schema ${row.compatible_with} or newer; ` +
          `this one knows ${newest}: upgrade it`,
      );
    }
  }
}

async function loadMigrations(directory: string): Promise<readonly Migration[]> {
  const names = (await readdir(directory)).filter((name) => /^\d{4}_[a-z0-9_]+\.sql$/.test(name)).sort();
  return Promise.all(
    names.map(async (name) => {
      const sql = await readFile(join(directory, name), "utf8");
      const number = Number(name.slice(0, 4));
      return {
        number,
        name,
        sql,
        checksum: createHash("sha256").update(sql).digest("hex"),
        compatibleWith: Number(/^-- compatible-with: (\d+)$/m.exec(sql)?.[1] ?? number),
        transactional: !/^-- no-transaction$/m.test(sql),
      };
    }),
  );
}
