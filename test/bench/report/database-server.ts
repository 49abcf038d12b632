import { randomBytes } from "node:crypto";
import type { NetConnectOpts } from "node:net";
import { join } from "node:path";
import pg from "pg";
import { startEmbeddedPostgres } from "../../../src/adapters/postgres/embedded/index.ts";
import type { Options } from "../options.ts";

/** A PostgreSQL server with a database for the report in it. */
export interface ReportDatabase {
  readonly server: pg.ClientConfig;
  readonly database: string;
  readonly user: string;
  readonly password: string;
  /** Where the server's door is. */
  readonly address: NetConnectOpts;
}

/** The embedded server, or, in the other modes, that of TEST_DATABASE_URL. */
export async function openReportDatabase(
  options: Options,
  work: string,
  cleanUp: AsyncDisposableStack,
): Promise<ReportDatabase> {
  const server = await serverFor(options, work, cleanUp);
  const database = `bench_${randomBytes(5).toString("hex")}`;
  const client = new pg.Client(server);
  await client.connect();
  await client.query(`CREATE DATABASE ${database}`);
  const { host, port, user = "", password } = client;
  await client.end();
  cleanUp.defer(() => drop(server, database));
  return {
    ...{ server, database, user, password: String(password ?? "") },
    address: host.startsWith("/") ? { path: join(host, `.s.PGSQL.${port}`) } : { host, port },
  };
}

async function serverFor(
  { berthMode }: Options,
  work: string,
  cleanUp: AsyncDisposableStack,
): Promise<pg.ClientConfig> {
  if (berthMode !== "embedded") return { connectionString: process.env["TEST_DATABASE_URL"] ?? "" };
  const embedded = await startEmbeddedPostgres({ dataDir: join(work, "database"), onEvent: () => undefined });
  cleanUp.defer(() => embedded.stop());
  return { ...embedded.connection, database: "postgres" };
}

async function drop(server: pg.ClientConfig, database: string): Promise<void> {
  const client = new pg.Client(server);
  await client.connect();
  await client.query(`DROP DATABASE IF EXISTS ${database} WITH (FORCE)`).finally(() => client.end());
}
