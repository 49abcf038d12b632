import pg from "pg";
import { clientConfig } from "./database.ts";
import { loadMigrations, type Migration, refuseStrangers } from "./migrations.ts";

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
