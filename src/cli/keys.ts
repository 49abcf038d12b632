import { open as openFile, readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { type Command, Option } from "commander";
import { MasterKey } from "../iam/master-key.ts";
import { type KeyFiles, rotateMasterKey, type SealedSecrets } from "../iam/master-key-rotation.ts";
import { doing, UsageError } from "./command-line.ts";
import type { Io } from "./io.ts";

/** What the command works on: the secrets in the server's database and the keys of its configuration. */
export interface KeysAccess {
  readonly masterKey: MasterKey;
  readonly secrets: SealedSecrets;
  /** Undefined where the environment gives the keys. */
  readonly keyFiles: KeyFiles | undefined;
}

export type WithKeys = (work: (access: KeysAccess) => Promise<void>) => Promise<void>;

/** Secrets of one transaction: it holds the accounts that they belong to. */
const BATCH = 200;
/** Milliseconds in which a running server has written what it had sealed under the key before. */
const SETTLES = 3_000;

/** `berth keys`. */
export function addKeys(parent: Command, io: Io, open: WithKeys, settles = SETTLES): void {
  parent
    .command("keys")
    .summary("the master key that encrypts every secret")
    .command("rotate")
    .summary("encrypt every secret under a new master key")
    .description(
      "Encrypts every secret in the database under a new master key, while nodes serve. Interrupted, it goes on when it " +
        "is run again with --new-key-file.",
    )
    .addOption(new Option("--new-key-file <file>", "the new key, 32 bytes in base64").conflicts("generate"))
    .option("--generate <file>", "make a new key and write it there first; the file must not exist")
    .action(
      doing(async ({ newKeyFile, generate }: { newKeyFile?: string; generate?: string }) => {
        const file = newKeyFile ?? generate;
        if (file === undefined) throw new UsageError("rotate needs --new-key-file or --generate");
        const source = { file, generate: generate !== undefined };
        await open((access) => rotate(access, source, settles, io));
      }),
    );
}

interface KeySource {
  readonly file: string;
  readonly generate: boolean;
}

async function rotate(access: KeysAccess, source: KeySource, settles: number, io: Io): Promise<void> {
  const newKey = source.generate ? await generateKey(source.file) : await readKey(source.file);
  const { id, secrets } = await rotateMasterKey({
    ...{ ...access, newKey, batch: BATCH },
    settle: () => sleep(settles),
  });
  io.stdout.write(`encrypted ${secrets} secret(s) anew; all are under master key ${id}\n`);
}

async function readKey(file: string): Promise<Buffer> {
  const text = await readFile(file, "utf8").catch((error: Error) => {
    throw new Error(`the new key cannot be read: ${error.message}`, { cause: error });
  });
  const key = Buffer.from(text.trim(), "base64");
  if (key.length !== 32) throw new Error(`${file} must hold 32 bytes in base64`);
  return key;
}

/** On disk before any secret depends on it. */
async function generateKey(path: string): Promise<Buffer> {
  const file = await openFile(path, "wx", 0o600).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "EEXIST") throw error;
    throw new Error(`${path} exists already; --new-key-file ${path} takes the key in it`);
  });
  const key = MasterKey.generate();
  try {
    await file.writeFile(`${key.toString("base64")}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  return key;
}
