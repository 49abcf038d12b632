import { constants, type Dirent } from "node:fs";
import { type FileHandle, lchown, open, readdir } from "node:fs/promises";
import type { Account } from "./account.ts";
import { EmbeddedPostgresError } from "./errors.ts";

const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK, O_DIRECTORY } = constants;

/**
 * Gives a database that no server uses to another user, the folder itself last, so that what was interrupted goes on at
 * the next start. Its former owner may still work in it: every entry is opened by its name in an open folder and judged
 * by what was opened, so that nothing outside, and no file that is linked from outside, can be given away.
 * @throws EmbeddedPostgresError for an entry that no database has
 */
export async function handOver(database: string, from: Account, to: Account): Promise<void> {
  const folder = await open(database, O_RDONLY | O_NOFOLLOW | O_DIRECTORY);
  try {
    await handOverFolder(folder, database, from, to);
  } finally {
    await folder.close();
  }
}

async function handOverFolder(folder: FileHandle, path: string, from: Account, to: Account): Promise<void> {
  const here = `/proc/self/fd/${folder.fd}`;
  for (const entry of await readdir(here, { withFileTypes: true })) {
    await handOverEntry(entry, `${here}/${entry.name}`, `${path}/${entry.name}`, from, to);
  }
  await handOverOpen(folder, path, from, to);
}

async function handOverEntry(
  entry: Dirent,
  place: string,
  path: string,
  from: Account,
  to: Account,
): Promise<void> {
  // A link leads a server to where its new owner has to be let in by hand.
  if (entry.isSymbolicLink()) return lchown(place, to.uid, to.gid);
  const file = await open(place, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  try {
    if ((await file.stat()).isDirectory()) await handOverFolder(file, path, from, to);
    else await handOverOpen(file, path, from, to);
  } finally {
    await file.close();
  }
}

async function handOverOpen(file: FileHandle, path: string, from: Account, to: Account): Promise<void> {
  const facts = await file.stat();
  if (facts.uid === to.uid) return;
  const isOfDatabase = facts.isDirectory() || (facts.isFile() && facts.nlink === 1);
  if (facts.uid !== from.uid || !isOfDatabase) {
    throw new EmbeddedPostgresError(
      `${path} is nothing that a database has (owner ${facts.uid}): look into it before Berth starts on it again`,
    );
  }
  await file.chown(to.uid, to.gid);
}
