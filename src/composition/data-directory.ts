import { chmod, mkdir, open, readFile, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Config } from "../config.ts";
import type { Credentials } from "../iam/access-keys.ts";
import { MasterKey } from "../iam/master-key.ts";

/** Makes the data directory, private to whoever starts Berth. @throws Error naming the directory */
export async function prepareDataDirectory(directory: string): Promise<void> {
  try {
    const made = await mkdir(directory, { recursive: true, mode: 0o700 });
    if (made !== undefined) await chmod(directory, 0o700);
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

/** The master key of the embedded database: made at first start, beside the data that it protects. */
export async function embeddedMasterKey(directory: string): Promise<MasterKey> {
  const file = join(directory, "master-key");
  const text = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  if (text !== undefined) return new MasterKey(Buffer.from(text.trim(), "base64"));
  const key = MasterKey.generate();
  await writePrivateFile(file, `${key.toString("base64")}\n`);
  return new MasterKey(key);
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
