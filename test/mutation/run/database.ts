import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startEmbeddedPostgres } from "../../../src/adapters/postgres/embedded/index.ts";
import { administer } from "../../support/postgres.ts";

/** One PostgreSQL for the whole run: that of TEST_DATABASE_URL, or one of its own that keeps nothing over a crash. */
export async function openServer(): Promise<{ url: string; stop(): Promise<void> }> {
  const given = process.env["TEST_DATABASE_URL"];
  if (given !== undefined) return { url: given, stop: async () => undefined };
  const dataDir = await mkdtemp(join(tmpdir(), "berth-mutation-database-"));
  const server = await startEmbeddedPostgres({ dataDir, onEvent: () => undefined });
  const { host = "", port = 5432, user = "", password, database = "" } = server.connection;
  const login = `${encodeURIComponent(user)}:${encodeURIComponent(String(password))}`;
  const url = `postgresql://${login}@localhost:${port}/${database}?host=${encodeURIComponent(host)}`;
  await administer(server.connection, "ALTER SYSTEM SET fsync = off");
  await administer(server.connection, "ALTER SYSTEM SET track_functions = 'all'");
  await administer(server.connection, "SELECT pg_reload_conf()");
  return {
    url,
    async stop() {
      await server.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}
