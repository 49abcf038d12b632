import { lstat, rm } from "node:fs/promises";
import { basename } from "node:path";
import type { Account } from "./account.ts";
import { postmasterPath, readPostmasterFile, stopOrphans } from "./processes.ts";

/**
 * Ends and removes what a server that did not stop in order left behind. The caller holds the data directory. Only an
 * unclean end leaves `postmaster.pid`, so that an ordinary start costs one look.
 * @returns the ids of the processes that had to be stopped
 */
export async function clearTheWay(
  database: string,
  account: Account | undefined,
): Promise<{ readonly stopped: readonly number[]; readonly socketDir: string | undefined }> {
  const file = await readPostmasterFile(database);
  if (file === undefined && !(await lingers(database))) return { stopped: [], socketDir: undefined };
  const stopped = await stopOrphans(database);
  // Its process id may be another process's by now, and PostgreSQL would take that for a running server.
  await rm(postmasterPath(database), { force: true });
  return { stopped, socketDir: await ourFolder(file?.socketDir, account) };
}

async function lingers(database: string): Promise<boolean> {
  return lstat(postmasterPath(database)).then(
    () => true,
    () => false,
  );
}

/** The file is the server's, so its word is checked: only a folder of the kind that we make may be removed. */
async function ourFolder(
  path: string | undefined,
  account: Account | undefined,
): Promise<string | undefined> {
  if (path === undefined || !/^berth-\w{6}$/.test(basename(path))) return undefined;
  const facts = await lstat(path).catch(() => undefined);
  const owner = account?.uid ?? process.getuid?.();
  return facts?.isDirectory() && facts.uid === owner ? path : undefined;
}
