import { type ChildProcess, spawn } from "node:child_process";
import { chown, mkdtemp, readdir, readFile, readlink, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import pg from "pg";
import { type EmbeddedPostgres, startEmbeddedPostgres } from "../../src/adapters/postgres/embedded/index.ts";

/** A data directory of mode 0700 below the temporary folder, and its removal. */
export async function temporaryDataDir(owner?: number): Promise<AsyncDisposable & { path: string }> {
  const path = await mkdtemp(join(tmpdir(), "embedded-test-"));
  if (owner !== undefined) await chown(path, owner, owner);
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true, maxRetries: 10 }) };
}

export type Started = EmbeddedPostgres & AsyncDisposable & { readonly events: string[] };

export async function start(dataDir: string, url = "http://berth.test"): Promise<Started> {
  const events: string[] = [];
  const server = await startEmbeddedPostgres({
    dataDir,
    url,
    onEvent: (message) => events.push(message),
  });
  return { ...server, events, [Symbol.asyncDispose]: () => server.stop() };
}

/** One statement on a connection of its own. */
export async function query<Row>(connection: pg.ClientConfig, text: string): Promise<readonly Row[]> {
  const client = new pg.Client(connection);
  client.on("error", () => undefined);
  await client.connect();
  try {
    return (await client.query(text)).rows;
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** A process that starts the database and then does nothing, to be killed. `before`: a command that runs it. */
export async function startInChild(
  dataDir: string,
  uid?: number,
  before: readonly string[] = [],
): Promise<{ readonly child: ChildProcess; readonly connection: pg.ClientConfig; errors(): string }> {
  const [command = "", ...args] = [...before, process.execPath, fileURLToPath(import.meta.url), dataDir];
  const child = spawn(command, args, {
    stdio: ["ignore", "pipe", "pipe"],
    cwd: "/",
    ...(uid !== undefined && { uid, gid: uid }),
  });
  let output = "";
  let errors = "";
  child.stderr.on("data", (text) => (errors += text));
  for await (const text of child.stdout) {
    output += text;
    if (output.includes("\n")) return { child, connection: JSON.parse(output), errors: () => errors };
  }
  throw new Error(`the child did not start: ${errors}`);
}

export async function postmasterOf(dataDir: string): Promise<number> {
  return Number((await readFile(join(dataDir, "postgres/postmaster.pid"), "utf8")).split("\n")[0]);
}

/** The watcher that stops the database of this data directory. */
export async function watcherOf(dataDir: string): Promise<number> {
  for (const pid of await readdir("/proc")) {
    const command = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
    if (command.includes("\0berth-watcher\0") && command.includes(dataDir)) return Number(pid);
  }
  throw new Error("no watcher");
}

/** Whether the process lives; one that nobody reaps does not. */
export async function lives(pid: number): Promise<boolean> {
  return readlink(`/proc/${pid}/cwd`).then(
    () => true,
    () => false,
  );
}

export async function until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 10_000; Date.now() < end; await sleep(20)) {
    if (await condition()) return;
  }
  throw new Error(`not within 10 s: ${what}`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const dataDir = process.argv[2] ?? "";
  const server = await startEmbeddedPostgres({ dataDir, url: "http://child.test", onEvent: console.error });
  console.log(JSON.stringify(server.connection));
  setInterval(() => undefined, 60_000);
}
