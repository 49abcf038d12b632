import { realpath, stat } from "node:fs/promises";
import { join } from "node:path";
import type pg from "pg";
import { makeDirectory } from "../../make-directory.ts";
import type { Account } from "./account.ts";
import { type Binaries, findBinaries } from "./binaries.ts";
import { chooseAccount } from "./choose-account.ts";
import {
  createDatabase,
  hasDatabase,
  type Place,
  recallPassword,
  removeUnfinished,
} from "./create-database.ts";
import { EmbeddedPostgresError, errnoOf, messageOf } from "./errors.ts";
import { connectionTo } from "./find-running.ts";
import { handOver } from "./hand-over.ts";
import { clearTheWay } from "./leftovers.ts";
import { lockDirectory } from "./lock.ts";
import { reachablePrograms } from "./reachable-binaries.ts";
import { makeRuntimeFolder, PORT, removeRuntimeFolder } from "./runtime-folder.ts";
import { type OnEvent, superviseServer } from "./supervisor.ts";

export { DataDirectoryInUseError, EmbeddedPostgresError } from "./errors.ts";
export { findRunningPostgres } from "./find-running.ts";

/** A PostgreSQL server of our own, kept running until it is stopped or this process dies. */
export interface EmbeddedPostgres {
  /** How to reach it, over a unix socket. Stays valid when the server has to be started again. */
  readonly connection: pg.ClientConfig;
  /** Whether this start made the database. */
  readonly firstStart: boolean;
  /** Rolls back what is under way and stops the server; may be called more than once. */
  stop(): Promise<void>;
}

export interface EmbeddedPostgresOptions {
  /** Private to its owner; made when missing. Holds the database, its password and its log. */
  readonly dataDir: string;
  /** Shown to others who find this Berth on the data directory. */
  readonly url?: string;
  /** Connections that the server takes; 200 unless said. */
  readonly connections?: number;
  /** Told when the server stopped by itself, starts again, or had to be taken over. */
  readonly onEvent: OnEvent;
}

const CONNECTIONS = 200;

/**
 * Starts PostgreSQL on the data directory, which no other process has meanwhile. A crash of either process, at any
 * moment, is mended by the running or the next Berth.
 * @throws DataDirectoryInUseError when another Berth has the data directory
 * @throws EmbeddedPostgresError when something is in the way that the user can mend
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const dataDir = await openDataDirectory(options.dataDir);
  const lock = await explained(dataDir, lockDirectory(dataDir, options.url));
  try {
    const { stop, ...facts } = await explained(dataDir, startOn(dataDir, options));
    let stopped: Promise<void> | undefined;
    return {
      ...facts,
      stop() {
        stopped ??= stop().finally(() => lock.release());
        return stopped;
      },
    };
  } catch (error) {
    await lock.release();
    throw error;
  }
}

/** Whether a data directory has a database, which need not run. */
export async function holdsDatabase(dataDir: string): Promise<boolean> {
  return stat(join(dataDir, "postgres")).then(
    () => true,
    (error: unknown) => {
      if (errnoOf(error) === "ENOENT" || errnoOf(error) === "ENOTDIR") return false;
      throw error;
    },
  );
}

async function startOn(
  dataDir: string,
  { onEvent, connections = CONNECTIONS }: EmbeddedPostgresOptions,
): Promise<EmbeddedPostgres> {
  const binaries = await findBinaries();
  const inside = join(dataDir, "postgres");
  const database = await realpath(inside).catch(() => inside);
  const { account, former, maker, warning } = await chooseAccount(dataDir, database);
  if (warning !== undefined) onEvent(warning);
  const { uid, gid } = await stat(dataDir);
  const place: Place = { dataDir, database, account, owner: { uid, gid } };
  const exists = await hasDatabase(place, binaries.major);
  if (exists) await takeOver({ ...place, account: former ?? account }, onEvent);
  if (former !== undefined && account !== undefined) {
    await handOver(database, former, account);
    onEvent("the database was handed over to an account of its own", { from: former.uid, to: account.uid });
  }
  await removeUnfinished(dataDir);
  const socketDir = await makeRuntimeFolder(account);
  try {
    const programs = await reachablePrograms(binaries, account, socketDir);
    const password = exists
      ? await recallPassword(place, programs)
      : await (maker === undefined ? createDatabase(place, programs) : createAs(maker, place, binaries));
    const logFile = join(dataDir, "postgres.log");
    const server = await superviseServer({ ...place, programs, socketDir, logFile, connections }, onEvent);
    return {
      connection: connectionTo(socketDir, PORT, password),
      firstStart: !exists,
      stop: () => server.stop(),
    };
  } catch (error) {
    await removeRuntimeFolder(socketDir);
    throw error;
  }
}

/** Makes the database of an account that has no name: initdb runs as somebody who has one. */
async function createAs(maker: Account, place: Place, binaries: Binaries): Promise<string> {
  const folder = await makeRuntimeFolder(maker);
  try {
    return await createDatabase(place, await reachablePrograms(binaries, maker, folder), maker);
  } finally {
    await removeRuntimeFolder(folder);
  }
}

async function takeOver({ database, account }: Place, onEvent: OnEvent): Promise<void> {
  const { stopped, socketDir } = await clearTheWay(database, account);
  if (stopped.length > 0) {
    onEvent("stopped the database that a Berth which died left running", { pids: stopped });
  }
  if (socketDir !== undefined) await removeRuntimeFolder(socketDir);
}

async function openDataDirectory(path: string): Promise<string> {
  try {
    await makeDirectory(path, 0o700);
    return await realpath(path);
  } catch (error) {
    throw new EmbeddedPostgresError(
      `the data directory ${path} cannot be made or entered: ${messageOf(error)}; set BERTH_DATA_DIR`,
      { cause: error },
    );
  }
}

const ADVICE: Readonly<Record<string, string>> = {
  EACCES: "may not be used by this user: give it to whoever starts Berth, or set BERTH_DATA_DIR",
  EPERM: "may not be used by this user: give it to whoever starts Berth, or set BERTH_DATA_DIR",
  EROFS: "is on a read-only file system: set BERTH_DATA_DIR",
  ENOSPC: "is on a full disk: make room, or set BERTH_DATA_DIR",
  EDQUOT: "is beyond its disk quota: make room, or set BERTH_DATA_DIR",
};

/** Failures of the file system, in words that name the directory. */
async function explained<T>(dataDir: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    const advice = ADVICE[errnoOf(error) ?? ""];
    if (advice === undefined) throw error;
    throw new EmbeddedPostgresError(`the data directory ${dataDir} ${advice} (${messageOf(error)})`, {
      cause: error,
    });
  }
}
