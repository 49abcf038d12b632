import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { inject } from "vitest";
import { openDatabaseClock } from "../../src/adapters/postgres/clock.ts";
import { type Database, openDatabase } from "../../src/adapters/postgres/database.ts";
import { startNode } from "../../src/composition/node.ts";
import { bootstrapAdministrator } from "../../src/composition/serve.ts";
import type { DatabaseConnection } from "../../src/composition/state.ts";
import { readConfig } from "../../src/config.ts";
import { MasterKey } from "../../src/iam/master-key.ts";
import type { Log } from "../../src/log.ts";
import type { Clock } from "../../src/registry/clock.ts";
import { onDatabase, TEMPLATE } from "./postgres.ts";

export const ADMINISTRATOR = {
  accessKeyId: "AKIATESTADMINISTRATOR",
  secretAccessKey: "test-secret-of-the-administrator",
};

/** One line of the log, as tests look at it. */
export interface LogLine {
  readonly level: "info" | "warn" | "error";
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

export interface TestBerth {
  readonly url: string;
  /** Value of an Authorization header that the administrator sends. */
  readonly authorization: string;
  readonly database: Database;
  readonly connection: DatabaseConnection;
  readonly dataDir: string;
  readonly log: readonly LogLine[];
  /** A request with the administrator's credentials, unless `init` says otherwise. */
  fetch(path: string, init?: RequestInit): Promise<Response>;
  stop(): Promise<void>;
}

/** A database of its own on the server of the run, with the schema in it. */
export async function createDatabase(): Promise<{ connection: DatabaseConnection; drop(): Promise<void> }> {
  const server = inject("postgres");
  const name = `test_${randomBytes(6).toString("hex")}`;
  await administer(server, `CREATE DATABASE ${name} TEMPLATE ${TEMPLATE}`);
  const main = onDatabase(server, name);
  return {
    connection: { main, direct: main },
    drop: () => administer(server, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`),
  };
}

async function administer(server: pg.ClientConfig, statement: string): Promise<void> {
  const client = new pg.Client(server);
  await client.connect();
  await client.query(statement).finally(() => client.end());
}

/** The real server, in this process, on a database and a data directory of its own. */
export async function startTestBerth(
  options: { readonly env?: Readonly<Record<string, string>>; readonly clock?: Clock } = {},
): Promise<TestBerth> {
  const { connection, drop } = await createDatabase();
  const dataDir = await mkdtemp(join(tmpdir(), "berth-test-"));
  const config = readConfig({
    BERTH_LISTEN: "127.0.0.1:0",
    BERTH_DATA_DIR: dataDir,
    BERTH_DATABASE_URL: "postgres://provided-by-the-test",
    BERTH_MASTER_KEY: MasterKey.generate().toString("base64"),
    BERTH_ADMIN_ACCESS_KEY_ID: ADMINISTRATOR.accessKeyId,
    BERTH_ADMIN_SECRET_ACCESS_KEY: ADMINISTRATOR.secretAccessKey,
    ...options.env,
  });
  const log: LogLine[] = [];
  const database = openDatabase({ ...connection, poolSize: 8 }, () => undefined);
  const databaseClock = await openDatabaseClock(database);
  const masterKey = new MasterKey(config.masterKey ?? Buffer.alloc(32));
  const state = {
    database,
    masterKey,
    clock: options.clock ?? databaseClock,
    async close() {
      databaseClock.close();
      await database.close();
    },
  };
  await bootstrapAdministrator(config, state);
  const node = await startNode(config, state, recordingLog(log));
  const authorization = basic(ADMINISTRATOR.accessKeyId, ADMINISTRATOR.secretAccessKey);
  return {
    url: node.url,
    ...{ authorization, database, connection, dataDir, log },
    fetch(path, init = {}) {
      const headers = new Headers(init.headers);
      if (!headers.has("authorization")) headers.set("authorization", authorization);
      return fetch(new URL(path, node.url), { redirect: "manual", ...init, headers });
    },
    async stop() {
      await node.drain();
      await drop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

export function basic(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
}

function recordingLog(lines: LogLine[]): Log {
  const record =
    (level: LogLine["level"]) =>
    (message: string, fields: Readonly<Record<string, unknown>> = {}): void => {
      lines.push({ level, message, fields });
    };
  return { info: record("info"), warn: record("warn"), error: record("error"), flush: () => undefined };
}
