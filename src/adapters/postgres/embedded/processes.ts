import { readdir, readFile, readlink } from "node:fs/promises";
import { basename, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { EmbeddedPostgresError, errnoOf } from "./errors.ts";

/** What a running server says of itself in `postmaster.pid`. */
export interface PostmasterFile {
  readonly pid: number;
  readonly port: number;
  readonly socketDir: string;
  readonly ready: boolean;
}

export function postmasterPath(database: string): string {
  return join(database, "postmaster.pid");
}

/** Undefined when there is no such file, or the server has not written all of it yet. */
export async function readPostmasterFile(database: string): Promise<PostmasterFile | undefined> {
  const text = await readFile(postmasterPath(database), "utf8").catch((error: unknown) => {
    if (errnoOf(error) === "ENOENT") return undefined;
    throw error;
  });
  const lines = text?.split("\n") ?? [];
  const pid = Number(lines[0]);
  if (!Number.isInteger(pid) || pid <= 0) return undefined;
  return {
    pid,
    port: Number(lines[3] ?? 0),
    socketDir: lines[4] ?? "",
    ready: lines[7]?.trim() === "ready",
  };
}

/**
 * The processes of a PostgreSQL that work in the folder. They stand in it, and a process id alone proves nothing: after
 * a restart of the machine or of a container it belongs to somebody else.
 */
export async function findServerProcesses(database: string): Promise<readonly number[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name)).map(Number);
  const found = await Promise.all(
    pids.map(async (pid) => ((await isServerProcess(pid, database)) ? pid : undefined)),
  );
  return found.filter((pid) => pid !== undefined);
}

async function isServerProcess(pid: number, database: string): Promise<boolean> {
  try {
    if ((await readlink(`/proc/${pid}/cwd`)) !== database) return false;
    // "(deleted)" follows when the package was updated meanwhile.
    return basename(await readlink(`/proc/${pid}/exe`)).startsWith("postgres");
  } catch {
    return false;
  }
}

/** When the process began, in ticks since the machine did: with its id, it names a process for good. */
export async function startTimeOf(pid: number): Promise<string> {
  const text = await readFile(`/proc/${pid}/stat`, "utf8");
  return text.slice(text.lastIndexOf(")") + 2).split(" ")[19] ?? "";
}

/** Milliseconds for a fast shutdown (it writes a checkpoint), then for an immediate one. */
const FAST_SHUTDOWN = 20_000;
const IMMEDIATE_SHUTDOWN = 5_000;

/**
 * Ends what a dead Berth left behind in the folder. The caller holds the data directory, so nobody needs it.
 * @returns the ids of what was running
 * @throws EmbeddedPostgresError when it does not end
 */
export async function stopOrphans(database: string): Promise<readonly number[]> {
  const orphans = await findServerProcesses(database);
  const postmaster = (await readPostmasterFile(database))?.pid;
  if (postmaster !== undefined && orphans.includes(postmaster)) {
    signal(postmaster, "SIGINT");
    await goneWithin(database, FAST_SHUTDOWN);
  }
  for (const lastWord of ["SIGQUIT", "SIGKILL"] as const) {
    const rest = await findServerProcesses(database);
    if (rest.length === 0) break;
    for (const pid of rest) signal(pid, lastWord);
    await goneWithin(database, IMMEDIATE_SHUTDOWN);
  }
  const rest = await findServerProcesses(database);
  if (rest.length > 0) {
    throw new EmbeddedPostgresError(
      `PostgreSQL process ${rest.join(", ")} works on ${database} and does not stop: end it and start again`,
    );
  }
  return orphans;
}

async function goneWithin(database: string, limit: number): Promise<void> {
  for (const end = Date.now() + limit; Date.now() < end; await sleep(25)) {
    if ((await findServerProcesses(database)).length === 0) return;
  }
}

/** Signals a process that may be gone already. */
export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if (errnoOf(error) !== "ESRCH") throw error;
  }
}
