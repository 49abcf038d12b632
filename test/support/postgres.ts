import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import type { TestProject } from "vitest/node";
import { startEmbeddedPostgres } from "../../src/adapters/postgres/embedded/index.ts";
import { migrateDatabase } from "../../src/composition/state.ts";

/** A migrated database that every test database is copied from. */
export const TEMPLATE = "berth_template";

declare module "vitest" {
  interface ProvidedContext {
    readonly postgres: pg.ClientConfig;
  }
}

/**
 * Starts one PostgreSQL for the whole run: the embedded one, or that of TEST_DATABASE_URL (a role that may create
 * databases). Test files take databases of their own from it.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const url = process.env["TEST_DATABASE_URL"];
  if (url !== undefined) {
    const connection = { connectionString: url };
    await prepareTemplate(connection);
    project.provide("postgres", connection);
    return async () => undefined;
  }
  const dataDir = await mkdtemp(join(tmpdir(), "berth-test-"));
  const server = await startEmbeddedPostgres({ dataDir, url: "tests", onEvent: () => undefined });
  await prepareTemplate(server.connection);
  project.provide("postgres", server.connection);
  return async () => {
    await server.stop();
    await rm(dataDir, { recursive: true, force: true });
  };
}

async function prepareTemplate(connection: pg.ClientConfig): Promise<void> {
  const client = new pg.Client(connection);
  await client.connect();
  await client.query(`DROP DATABASE IF EXISTS ${TEMPLATE}`);
  await client.query(`CREATE DATABASE ${TEMPLATE}`);
  await client.end();
  const main = onDatabase(connection, TEMPLATE);
  await migrateDatabase({ main, direct: main });
}

/** The same server, another database. */
export function onDatabase(connection: pg.ClientConfig, database: string): pg.ClientConfig {
  if (connection.connectionString === undefined) return { ...connection, database };
  const url = new URL(connection.connectionString);
  url.pathname = `/${database}`;
  return { connectionString: url.href };
}
