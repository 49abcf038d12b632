import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import type { TestProject } from "vitest/node";
import { startEmbeddedPostgres } from "../../src/adapters/postgres/embedded/index.ts";
import { migrateDatabase } from "../../src/composition/state.ts";

/** What the name of a run's template begins with: a migrated database that every test database is copied from. */
export const TEMPLATE = "berth_template";

declare module "vitest" {
  interface ProvidedContext {
    readonly postgres: pg.ClientConfig;
    /** Name of the template of this run. */
    readonly template: string;
  }
}

/**
 * Starts one PostgreSQL for the whole run: the embedded one, or that of TEST_DATABASE_URL (a role that may create
 * databases). Test files take databases of their own from it.
 */
export default async function setup(project: Pick<TestProject, "provide">): Promise<() => Promise<void>> {
  const { connection, stop } = await startServer();
  const template = `${TEMPLATE}_${randomBytes(4).toString("hex")}`;
  await administer(connection, `CREATE DATABASE ${template}`);
  const main = onDatabase(connection, template);
  await migrateDatabase({ main, direct: main });
  project.provide("postgres", connection);
  project.provide("template", template);
  return async () => {
    await administer(connection, `DROP DATABASE ${template} WITH (FORCE)`);
    await stop();
  };
}

async function startServer(): Promise<{ connection: pg.ClientConfig; stop: () => Promise<void> }> {
  const url = process.env["TEST_DATABASE_URL"];
  if (url !== undefined) return { connection: { connectionString: url }, stop: async () => undefined };
  const dataDir = await mkdtemp(join(tmpdir(), "berth-test-"));
  const server = await startEmbeddedPostgres({ dataDir, url: "tests", onEvent: () => undefined });
  return {
    connection: server.connection,
    async stop() {
      await server.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

/** One statement that no transaction may hold, on the server's own database. */
export async function administer(connection: pg.ClientConfig, statement: string): Promise<void> {
  const client = new pg.Client(connection);
  await client.connect();
  await client.query(statement).finally(() => client.end());
}

/** The same server, another database. */
export function onDatabase(connection: pg.ClientConfig, database: string): pg.ClientConfig {
  if (connection.connectionString === undefined) return { ...connection, database };
  const url = new URL(connection.connectionString);
  url.pathname = `/${database}`;
  return { connectionString: url.href };
}
