import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inject } from "vitest";
import { openDatabaseClock } from "../../src/adapters/postgres/clock.ts";
import { type Database, openDatabase } from "../../src/adapters/postgres/database.ts";
import { startNode } from "../../src/composition/node.ts";
import { bootstrapAdministrator } from "../../src/composition/serve.ts";
import type { DatabaseConnection, State } from "../../src/composition/state.ts";
import { openStorage } from "../../src/composition/storage.ts";
import { type Config, readConfig } from "../../src/config.ts";
import { MasterKey } from "../../src/iam/master-key.ts";
import type { Log } from "../../src/log.ts";
import type { Clock } from "../../src/registry/clock.ts";
import type { BlobStorage } from "../../src/registry/ports/index.ts";
import { administer, onDatabase } from "./postgres.ts";

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
  await administer(server, `CREATE DATABASE ${name} TEMPLATE ${inject("template")}`);
  const main = onDatabase(server, name);
  return {
    connection: { main, direct: main },
    drop: () => administer(server, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`),
  };
}

/** A database and a data directory of their own, and the configuration that names them. */
export interface TestHome {
  readonly config: Config;
  readonly connection: DatabaseConnection;
  readonly dataDir: string;
  remove(): Promise<void>;
}

export async function makeTestHome(env: Readonly<Record<string, string>> = {}): Promise<TestHome> {
  const { connection, drop } = await createDatabase();
  const dataDir = await mkdtemp(join(tmpdir(), "berth-test-"));
  const config = readConfig({
    BERTH_LISTEN: "127.0.0.1:0",
    BERTH_DATA_DIR: dataDir,
    BERTH_DATABASE_URL: "postgres://provided-by-the-test",
    BERTH_MASTER_KEY: MasterKey.generate().toString("base64"),
    BERTH_ADMIN_ACCESS_KEY_ID: ADMINISTRATOR.accessKeyId,
    BERTH_ADMIN_SECRET_ACCESS_KEY: ADMINISTRATOR.secretAccessKey,
    ...env,
  });
  return {
    ...{ config, connection, dataDir },
    async remove() {
      await drop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

/** State as a node has it, with the default account and its administrator in it. */
export async function openTestState(
  { config, connection }: TestHome,
  clock?: Clock,
  isAlone = true,
): Promise<State> {
  const database = openDatabase({ ...connection, poolSize: 8 }, () => undefined);
  const databaseClock = await openDatabaseClock(database);
  const state = {
    database,
    masterKey: new MasterKey(config.masterKey ?? Buffer.alloc(32)),
    clock: clock ?? databaseClock,
    isAlone,
    async close() {
      databaseClock.close();
      await database.close();
    },
  };
  await bootstrapAdministrator(config, state);
  return state;
}

export interface TestBerthOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly clock?: Clock;
  /** Another node on a home that a test has made, and removes itself. */
  readonly home?: TestHome;
  /** Other nodes serve this database too. */
  readonly shared?: boolean;
  /** Puts something between the server and its database or storage, such as a barrier or a fault. */
  readonly wrapDatabase?: (database: Database) => Database;
  readonly wrapStorage?: (storage: BlobStorage) => BlobStorage;
}

/** The real server, in this process, on a database and a data directory of its own. */
export async function startTestBerth(options: TestBerthOptions = {}): Promise<TestBerth> {
  const home = options.home ?? (await makeTestHome(options.env));
  const opened = await openTestState(home, options.clock, options.shared !== true);
  const state = { ...opened, database: options.wrapDatabase?.(opened.database) ?? opened.database };
  const storage = await openStorage(home.config);
  const log: LogLine[] = [];
  const node = await startNode(
    home.config,
    state,
    options.wrapStorage?.(storage) ?? storage,
    recordingLog(log),
  );
  const authorization = basic(ADMINISTRATOR.accessKeyId, ADMINISTRATOR.secretAccessKey);
  const { connection, dataDir } = home;
  return {
    url: node.url,
    ...{ authorization, database: state.database, connection, dataDir, log },
    fetch(path, init = {}) {
      const headers = new Headers(init.headers);
      if (!headers.has("authorization")) headers.set("authorization", authorization);
      return fetch(new URL(path, node.url), { redirect: "manual", ...init, headers });
    },
    async stop() {
      await node.drain();
      if (options.home === undefined) await home.remove();
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
  return {
    info: record("info"),
    warn: record("warn"),
    error: record("error"),
    flush: () => undefined,
    dropped: () => 0,
  };
}
