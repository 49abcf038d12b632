import { chmod, chown, lstat, mkdir, mkdtemp, realpath, rm, stat, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Account } from "./account.ts";
import type { LibraryLink } from "./binaries.ts";
import { EmbeddedPostgresError, errnoOf } from "./errors.ts";

/** The server's only port; the socket is named after it. */
export const PORT = 5432;

/** A socket's path has 107 bytes at most, and `.s.PGSQL.5432.lock` lies beside it. */
const FOLDER_BYTES = 107 - `/.s.PGSQL.${PORT}.lock`.length;

/**
 * Makes the private folder of the socket: short, new, for the server's user alone. Below the system's temporary folder,
 * because `$XDG_RUNTIME_DIR` vanishes when its user logs out, and a Berth may outlive that; so it comes second.
 */
export async function makeRuntimeFolder(account: Account | undefined): Promise<string> {
  const parents = [tmpdir(), process.env["XDG_RUNTIME_DIR"], "/tmp", "/dev/shm"];
  const tried: string[] = [];
  for (const parent of parents) {
    if (parent === undefined || parent === "" || tried.includes(parent)) continue;
    tried.push(parent);
    const folder = await makeBelow(parent, account);
    if (folder !== undefined) return folder;
  }
  throw new EmbeddedPostgresError(
    `no folder for the socket of the database: none of ${tried.join(", ")} is writable, short ` +
      `(${FOLDER_BYTES - 13} bytes) and open to the database's user; set TMPDIR`,
  );
}

async function makeBelow(parent: string, account: Account | undefined): Promise<string | undefined> {
  try {
    const real = await realpath(parent);
    if (Buffer.byteLength(join(real, "berth-XXXXXX")) > FOLDER_BYTES) return undefined;
    if (account !== undefined && !(await canReach(real, account))) return undefined;
    const folder = await mkdtemp(join(real, "berth-"));
    await giveTo(folder, account);
    return folder;
  } catch {
    return undefined;
  }
}

/** Brings the folder back after a cleaner of temporary files took it. It never takes over what another made. */
export async function keepRuntimeFolder(folder: string, account: Account | undefined): Promise<void> {
  try {
    await mkdir(folder, { mode: 0o700 });
    await giveTo(folder, account);
  } catch (error) {
    if (errnoOf(error) !== "EEXIST") throw error;
    const { uid } = await lstat(folder);
    if (uid !== (account?.uid ?? process.getuid?.())) {
      throw new EmbeddedPostgresError(`${folder} was taken by user id ${uid}: remove it and start again`);
    }
  }
}

async function giveTo(folder: string, account: Account | undefined): Promise<void> {
  await chmod(folder, 0o700);
  if (account !== undefined) await chown(folder, account.uid, account.gid);
}

/** Lays library links that the package lacks; the loader finds them by LD_LIBRARY_PATH. @returns their folder */
export async function layLinks(folder: string, links: readonly LibraryLink[]): Promise<string> {
  const lib = join(folder, "lib");
  await mkdir(lib, { recursive: true, mode: 0o755 });
  await chmod(lib, 0o755);
  for (const { name, target } of links) {
    await symlink(target, join(lib, name)).catch((error: unknown) => {
      if (errnoOf(error) !== "EEXIST") throw error;
    });
  }
  return lib;
}

export async function removeRuntimeFolder(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
}

/** Whether the account may pass through every folder down to `path`. */
export async function canReach(path: string, account: Account): Promise<boolean> {
  const { mode, uid, gid } = await stat(path);
  const shift = uid === account.uid ? 6 : gid === account.gid ? 3 : 0;
  if (((mode >> shift) & 1) === 0) return false;
  return path === dirname(path) || canReach(dirname(path), account);
}
