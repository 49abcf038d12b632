import { randomBytes } from "node:crypto";
import { chown, open, readFile, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Account } from "./account.ts";
import { EmbeddedPostgresError, errnoOf } from "./errors.ts";

/** Where the password of the database is kept, for the user who started Berth alone. */
export function passwordFile(dataDir: string): string {
  return join(dataDir, "postgres-password");
}

/** @throws EmbeddedPostgresError when it may not be read */
export async function readPassword(dataDir: string): Promise<string | undefined> {
  try {
    const text = (await readFile(passwordFile(dataDir), "utf8")).trim();
    return text === "" ? undefined : text;
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return undefined;
    if (errnoOf(error) !== "EACCES") throw error;
    throw new EmbeddedPostgresError(
      `${passwordFile(dataDir)} may not be read: run this as the user who started Berth, or as root`,
    );
  }
}

/** Makes a password and keeps it, durably, before a database is made with it. */
export async function makePassword(dataDir: string, owner: Account): Promise<string> {
  const password = randomBytes(24).toString("base64url");
  const temporary = `${passwordFile(dataDir)}.new`;
  await rm(temporary, { force: true });
  const file = await open(temporary, "wx", 0o600);
  try {
    await file.writeFile(`${password}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  if (process.getuid?.() === 0) await chown(temporary, owner.uid, owner.gid);
  await rename(temporary, passwordFile(dataDir));
  await syncFolder(dirname(temporary));
  return password;
}

/** Makes the entries of a folder survive a power cut. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, "r");
  await folder.sync().finally(() => folder.close());
}
