import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type pg from "pg";
import { openDatabaseClock } from "../adapters/postgres/clock.ts";
import { type Database, openDatabase } from "../adapters/postgres/database.ts";
import {
  findRunningPostgres,
  holdsDatabase,
  startEmbeddedPostgres,
} from "../adapters/postgres/embedded/index.ts";
import { postgresMasterKeyRecord } from "../adapters/postgres/iam/index.ts";
import { migrate } from "../adapters/postgres/migrate.ts";
import { postgresSchema, type Schema } from "../adapters/postgres/schema.ts";
import type { Config } from "../config.ts";
import type { MasterKey } from "../iam/master-key.ts";
import type { Log } from "../log.ts";
import type { Clock } from "../registry/clock.ts";
import type { SettingName } from "../settings.ts";
import { prepareDataDirectory } from "./data-directory.ts";
import { databaseFailure } from "./failures.ts";
import { openMasterKey } from "./master-key.ts";

/** Connections for transactions, of each process. */
const POOL_SIZE = 8;
/** Connections of the embedded database beside one pool and one pipelined reader of each process: commands, and people. */
const SPARE_CONNECTIONS = 50;
const MIGRATIONS = fileURLToPath(new URL("../../migrations", import.meta.url));

/** How to reach the database, external or embedded. */
export interface DatabaseConnection {
  readonly main: pg.ClientConfig;
  readonly direct: pg.ClientConfig;
}

/** The database of this process, and who ends it. */
export interface State {
  readonly database: Database;
  readonly clock: Clock;
  readonly masterKey: MasterKey;
  /** No other process answers requests on this database. */
  readonly isAlone: boolean;
  close(): Promise<void>;
}

export interface DatabaseServer {
  readonly connection: DatabaseConnection;
  /** Stops an embedded server; does nothing to an external one. */
  stop(): Promise<void>;
}

/** Starts the embedded server, unless configuration names an external one. @throws Error when another Berth has it */
export async function startDatabaseServer(config: Config, url: string, log: Log): Promise<DatabaseServer> {
  const external = externalConnection(config);
  if (external !== undefined) return { connection: external, stop: async () => undefined };
  await prepareDataDirectory(config.dataDir);
  const server = await startEmbeddedPostgres({
    dataDir: config.dataDir,
    url,
    connections: config.processes * (POOL_SIZE + 1) + SPARE_CONNECTIONS,
    onEvent: (message, fields) => log.warn(message, fields),
  });
  return {
    connection: { main: server.connection, direct: server.connection },
    stop: () => server.stop(),
  };
}

/**
 * The database of a Berth that runs, or, for a command while none does, one started for the moment.
 * @throws Error when there is none: a command makes nothing
 */
export async function borrowDatabaseServer(config: Config, log: Log): Promise<DatabaseServer> {
  if (config.database === undefined) {
    const running = await findRunningPostgres(config.dataDir);
    if (running !== undefined) {
      return {
        connection: { main: running.connection, direct: running.connection },
        stop: async () => undefined,
      };
    }
    if (!(await holdsDatabase(config.dataDir))) {
      throw new Error(
        `there is no Berth in ${resolve(config.dataDir)}: run this where you run \`berth start\`, or set ` +
          "BERTH_DATA_DIR to its data directory, or BERTH_DATABASE_URL to its database",
      );
    }
  }
  return startDatabaseServer(config, "a command", log);
}

/** Brings the schema up to date; safe from several nodes at once. */
export async function migrateDatabase(connection: DatabaseConnection): Promise<void> {
  await migrate(connection.direct, MIGRATIONS).catch((error: unknown) => {
    throw databaseFailure(error, settingOf(connection));
  });
}

/** Where the connection for migrations comes from. */
function settingOf({ main, direct }: DatabaseConnection): SettingName | undefined {
  if (direct.connectionString === undefined) return undefined;
  return direct.connectionString === main.connectionString
    ? "BERTH_DATABASE_URL"
    : "BERTH_DATABASE_DIRECT_URL";
}

/** The schema of an open database beside that of this program. */
export function schemaOf({ database }: State): Schema {
  return postgresSchema(database, MIGRATIONS);
}

/**
 * Opens the database, whatever its schema, and changes nothing in it. `makesKey`: for the first start of the embedded
 * database, whose key file it makes.
 * @throws WrongMasterKeyError when the secrets in it are under another key
 */
export async function openState(
  config: Config,
  connection: DatabaseConnection,
  log: Log,
  makesKey = false,
): Promise<State> {
  const database = openDatabase({ ...connection, poolSize: POOL_SIZE }, (error) =>
    log.warn("database connection lost", { error: error.message }),
  );
  try {
    const masterKey = await openMasterKey(config, postgresMasterKeyRecord(database), log, makesKey);
    const clock = await openDatabaseClock(database);
    return {
      ...{ database, clock, masterKey },
      isAlone: config.database === undefined && config.processes === 1,
      async close() {
        clock.close();
        await database.close();
      },
    };
  } catch (error) {
    // Its idle connections would hold up the end of the process.
    await database.close();
    throw databaseFailure(error, config.database === undefined ? undefined : "BERTH_DATABASE_URL");
  }
}

function externalConnection(config: Config): DatabaseConnection | undefined {
  if (config.database === undefined) return undefined;
  return {
    main: { connectionString: config.database.url },
    direct: { connectionString: config.database.directUrl },
  };
}
