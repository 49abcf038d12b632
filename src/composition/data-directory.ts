import { readFileSync } from "node:fs";
import { access, open, readFile, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { makeDirectory } from "../adapters/make-directory.ts";
import type { Config } from "../config.ts";
import type { Credentials } from "../iam/access-keys.ts";
import { MasterKey, type MasterKeys } from "../iam/master-key.ts";
import type { KeyFiles } from "../iam/master-key-rotation.ts";

/** Makes the data directory, private to whoever starts Berth. @throws Error naming the directory */
export async function prepareDataDirectory(directory: string): Promise<void> {
  try {
    await makeDirectory(directory, 0o700);
  } catch (error) {
    throw new Error(
      `the data directory ${directory} cannot be made: ${(error as Error).message}; set BERTH_DATA_DIR`,
      {
        cause: error,
      },
    );
  }
}

/** Where the key of the first administrator is kept, for its owner alone. */
export function administratorFile(directory: string): string {
  return join(directory, "administrator.json");
}

export async function keepAdministrator(directory: string, credentials: Credentials): Promise<void> {
  await writePrivateFile(administratorFile(directory), `${JSON.stringify(credentials, null, 2)}\n`);
}

/** What {@link keepAdministrator} has kept, unless configuration names the administrator. */
export async function keptAdministrator(config: Config): Promise<Credentials | undefined> {
  if (config.administrator !== undefined || config.database !== undefined) return config.administrator;
  const text = await readFile(administratorFile(config.dataDir), "utf8").catch(() => undefined);
  return text === undefined ? undefined : JSON.parse(text);
}

/**
 * The master key of the embedded database, from its file beside the data that it protects.
 * @returns undefined when there is no such file
 * @throws Error naming the file when it cannot be read or holds no key
 */
export async function embeddedMasterKey(directory: string): Promise<MasterKey | undefined> {
  const isThere = await access(masterKeyFile(directory)).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return false;
      throw unreadable(masterKeyFile(directory), error);
    },
  );
  if (!isThere) return undefined;
  const read = (): MasterKeys => readKeys(directory);
  const [key, ...others] = read();
  return new MasterKey(key, others, read);
}

/** Makes the key of a database that holds no secret yet. */
export async function makeMasterKey(directory: string): Promise<void> {
  await writePrivateFile(masterKeyFile(directory), keyText(MasterKey.generate()));
}

export function embeddedKeyFiles(directory: string): KeyFiles {
  return {
    async replace(key) {
      const [current, ...previous] = readKeys(directory);
      if (current.equals(key)) return;
      const { uid } = await stat(masterKeyFile(directory));
      // A server of another user could not read what this one writes.
      if (uid !== process.getuid?.()) {
        throw new Error(
          `${masterKeyFile(directory)} belongs to the user with id ${uid}: run this as that user`,
        );
      }
      // The key that goes is safe before the one that comes counts: a crash in between loses neither.
      const kept = [current, ...previous].map(keyText).join("");
      await writePrivateFile(previousKeysFile(directory), kept);
      await writePrivateFile(masterKeyFile(directory), keyText(key));
    },
    forgetPrevious: () => rm(previousKeysFile(directory), { force: true }),
  };
}

/** Where the key is that encrypts the secrets in the embedded database. */
export function masterKeyFile(directory: string): string {
  return join(directory, "master-key");
}

/** Keys that were replaced and may still be needed, one a line. */
function previousKeysFile(directory: string): string {
  return join(directory, "master-key.previous");
}

function readKeys(directory: string): MasterKeys {
  const [current] = keysIn(masterKeyFile(directory));
  if (current === undefined)
    throw new Error(`${masterKeyFile(directory)} is empty; restore it from a backup`);
  return [current, ...keysIn(previousKeysFile(directory), "")];
}

/** The keys of a file, one a line. @throws Error naming the file, unless it is missing and `absent` stands in for it */
function keysIn(file: string, absent?: string): readonly Buffer[] {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT" || absent === undefined) {
      throw unreadable(file, error as Error);
    }
    text = absent;
  }
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter(Boolean)
    .map((line) => {
      const key = Buffer.from(line, "base64");
      if (key.length === 32) return key;
      throw new Error(
        `${file} must hold 32 bytes in base64, and holds ${key.length}; restore it from a backup`,
      );
    });
}

function unreadable(file: string, error: Error): Error {
  return new Error(
    `the master key ${file} cannot be read (${error.message}): give it to the user who starts Berth`,
    { cause: error },
  );
}

function keyText(key: Buffer): string {
  return `${key.toString("base64")}\n`;
}

/** Whole or not at all, and durable: a crash must not leave an empty key behind. */
async function writePrivateFile(path: string, text: string): Promise<void> {
  const temporary = `${path}.new`;
  await rm(temporary, { force: true });
  const file = await open(temporary, "wx", 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, path);
  const folder = await open(dirname(path), "r");
  await folder.sync().finally(() => folder.close());
}
