import { open as openFile, readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { MasterKey } from "../iam/master-key.ts";
import { type KeyFiles, rotateMasterKey, type SealedSecrets } from "../iam/master-key-rotation.ts";

/** What the command works on: the secrets in the server's database and the keys of its configuration. */
export interface KeysAccess {
  readonly masterKey: MasterKey;
  readonly secrets: SealedSecrets;
  /** Undefined where the environment gives the keys. */
  readonly keyFiles: KeyFiles | undefined;
}

export type WithKeys = (work: (access: KeysAccess) => Promise<number>) => Promise<number>;

const USAGE = `berth keys rotate --new-key-file FILE | --generate FILE

Encrypts every secret in the database under a new master key, while nodes serve. Interrupted, it goes on when it is run
again with --new-key-file.

  --new-key-file FILE   the new key, 32 bytes in base64
  --generate FILE       make a new key and write it there first; FILE must not exist
`;

/** Secrets of one transaction: it holds the accounts that they belong to. */
const BATCH = 200;
/** Milliseconds in which a running server has written what it had sealed under the key before. */
const SETTLES = 3_000;

/** A mistake in the arguments: said with the usage, exit code 2. */
class UsageError extends Error {}

/** `berth keys VERB …`; resolves with the exit code: 0, 1 failed, 2 wrong usage. */
export async function keysCommand(
  argv: readonly string[],
  open: WithKeys,
  settles = SETTLES,
): Promise<number> {
  if (argv.length === 0 || argv.includes("--help")) {
    process.stdout.write(USAGE);
    return argv.length === 0 ? 2 : 0;
  }
  try {
    const source = parse(argv);
    return await open((access) => rotate(access, source, settles));
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    process.stderr.write(`${error.message}\n\n${USAGE}`);
    return 2;
  }
}

interface KeySource {
  readonly file: string;
  readonly generate: boolean;
}

function parse(argv: readonly string[]): KeySource {
  let parsed: ReturnType<typeof parseOptions>;
  try {
    parsed = parseOptions(argv);
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
  const { values, positionals } = parsed;
  const [verb = "", ...more] = positionals;
  if (verb !== "rotate") throw new UsageError(`unknown: berth keys ${verb}`);
  if (more.length > 0) throw new UsageError(`too many arguments: ${more.join(" ")}`);
  const { "new-key-file": given, generate } = values;
  if ((given === undefined) === (generate === undefined)) {
    throw new UsageError("berth keys rotate needs one of --new-key-file and --generate");
  }
  return { file: given ?? generate ?? "", generate: generate !== undefined };
}

function parseOptions(argv: readonly string[]) {
  return parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: { "new-key-file": { type: "string" }, generate: { type: "string" } },
  });
}

async function rotate(access: KeysAccess, source: KeySource, settles: number): Promise<number> {
  const newKey = source.generate ? await generateKey(source.file) : await readKey(source.file);
  const { id, secrets } = await rotateMasterKey({
    ...{ ...access, newKey, batch: BATCH },
    settle: () => sleep(settles),
  });
  process.stdout.write(`encrypted ${secrets} secret(s) anew; all are under master key ${id}\n`);
  return 0;
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
