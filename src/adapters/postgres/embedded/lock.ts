import { constants } from "node:fs";
import { access, open, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import { DataDirectoryInUseError, EmbeddedPostgresError, errnoOf, messageOf } from "./errors.ts";
import { type Holder, holderFile, readHolder } from "./holder.ts";
import { startTimeOf } from "./processes.ts";

/** A held data directory. The kernel releases it when the process dies, however it dies. */
export interface DirectoryLock {
  release(): Promise<void>;
}

/** Milliseconds that a killed holder may take to be gone: where its process is known to live, and where not. */
const LEAVING_WITHIN = 1_000;
const DYING_WITHIN = 3_000;
const SQLITE_BUSY = 5;

/** Directories of this process: the kernel's locks keep processes apart, not the parts of one. */
const held = new Map<string, Holder>();

/**
 * Takes the data directory for this process, by SQLite's lock on a file in it: it is the kernel's, and holds between
 * containers too. Nobody who cannot write the directory has a part in it.
 * @throws DataDirectoryInUseError when another process, or this one, has it
 * @throws EmbeddedPostgresError when its file system has no locks
 */
export async function lockDirectory(dataDir: string, url: string | undefined): Promise<DirectoryLock> {
  const key = await keyOf(dataDir);
  const own = held.get(key);
  if (own !== undefined) throw new DataDirectoryInUseError(dataDir, own);
  const holder: Holder = { pid: process.pid, ...(url !== undefined && { url }) };
  held.set(key, holder);
  try {
    const file = await patiently(dataDir);
    try {
      await leaveName(dataDir, holder);
    } catch (error) {
      file.close();
      throw error;
    }
    return {
      async release() {
        await rm(holderFile(dataDir), { force: true });
        file.close();
        held.delete(key);
      },
    };
  } catch (error) {
    held.delete(key);
    throw error;
  }
}

/** The process that holds the data directory, as far as it may be known; undefined when there is none. */
export async function askHolder(dataDir: string): Promise<Holder | undefined> {
  const own = held.get(await keyOf(dataDir));
  if (own !== undefined) return own;
  return (await isHeld(dataDir)) ? readHolder(dataDir) : undefined;
}

async function keyOf(dataDir: string): Promise<string> {
  const { dev, ino } = await stat(dataDir, { bigint: true });
  return `${dev}:${ino}`;
}

function lockFile(dataDir: string): string {
  return join(dataDir, "lock");
}

async function patiently(dataDir: string): Promise<DatabaseSync> {
  for (const began = Date.now(); ; await sleep(20)) {
    const file = await tryLock(dataDir);
    if (file !== undefined) return file;
    const holder = await readHolder(dataDir);
    const patience = (await lives(holder)) ? LEAVING_WITHIN : DYING_WITHIN;
    if (Date.now() - began > patience) throw new DataDirectoryInUseError(dataDir, holder);
  }
}

async function lives({ pid, began }: Holder): Promise<boolean> {
  if (pid === undefined) return false;
  return startTimeOf(pid).then(
    (time) => time === began,
    () => false,
  );
}

/** Undefined when somebody else has it. */
async function tryLock(dataDir: string): Promise<DatabaseSync | undefined> {
  const path = lockFile(dataDir);
  await makeLockFile(dataDir, path);
  const { DatabaseSync } = await import("node:sqlite");
  let file: DatabaseSync | undefined;
  try {
    file = new DatabaseSync(path, { timeout: 0 });
    file.exec("BEGIN EXCLUSIVE");
    return file;
  } catch (error) {
    file?.close();
    if (isBusy(error)) return undefined;
    throw new EmbeddedPostgresError(
      `the file ${path} cannot be locked (${messageOf(error)}): the data directory needs a file system with locks and ` +
        "a file that is ours; set BERTH_DATA_DIR",
      { cause: error },
    );
  }
}

/** Of the directory's owner, whoever makes it first. */
async function makeLockFile(dataDir: string, path: string): Promise<void> {
  try {
    const made = await open(path, "wx", 0o600);
    try {
      const { uid, gid } = await stat(dataDir);
      if (process.getuid?.() === 0) await made.chown(uid, gid);
    } finally {
      await made.close();
    }
  } catch (error) {
    if (errnoOf(error) !== "EEXIST") throw error;
    await access(path, constants.R_OK | constants.W_OK);
  }
}

/** A reader's lock, for a moment: a starter who meets it tries again. */
async function isHeld(dataDir: string): Promise<boolean> {
  const path = lockFile(dataDir);
  const isThere = await stat(path).then(
    () => true,
    (error: unknown) => errnoOf(error) !== "ENOENT",
  );
  if (!isThere) return false;
  const { DatabaseSync } = await import("node:sqlite");
  let file: DatabaseSync | undefined;
  try {
    file = new DatabaseSync(path, { readOnly: true, timeout: 0 });
    file.exec("SELECT count(*) FROM sqlite_master");
    return false;
  } catch (error) {
    if (isBusy(error)) return true;
    throw new EmbeddedPostgresError(
      `${path} may not be read (${messageOf(error)}): run this as the user who started Berth, or as root`,
      { cause: error },
    );
  } finally {
    file?.close();
  }
}

function isBusy(error: unknown): boolean {
  return (error as { errcode?: number }).errcode === SQLITE_BUSY;
}

/** Says who holds the directory, for whoever may read it. */
async function leaveName(dataDir: string, holder: Holder): Promise<void> {
  const temporary = `${holderFile(dataDir)}.new`;
  const began = await startTimeOf(process.pid).catch(() => "");
  await rm(temporary, { force: true });
  await writeFile(temporary, `${JSON.stringify({ ...holder, began })}\n`, { mode: 0o600, flag: "wx" });
  await rename(temporary, holderFile(dataDir));
}
