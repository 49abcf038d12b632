import { createHash } from "node:crypto";
import { open, stat } from "node:fs/promises";
import { connect, createServer, type Server } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { DataDirectoryInUseError, errnoOf } from "./errors.ts";

/** Who holds a data directory, as it tells everyone who asks. */
export interface Holder {
  readonly pid?: number;
  readonly url?: string;
}

/** A held data directory. The kernel releases it when the process dies, however it dies. */
export interface DirectoryLock {
  release(): Promise<void>;
}

const ANSWER_WITHIN = 2_000;
const ANSWER_BYTES = 4_096;
/** Milliseconds that a killed holder may take to be gone. */
const DYING_WITHIN = 3_000;
const SQLITE_BUSY = 5;

/**
 * Takes the data directory for this process.
 * @throws DataDirectoryInUseError when another process, or this one, has it
 */
export async function lockDirectory(dataDir: string, url: string | undefined): Promise<DirectoryLock> {
  const answer = JSON.stringify({ pid: process.pid, url });
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.end(answer);
  });
  const address = await lockAddress(dataDir);
  for (const end = Date.now() + DYING_WITHIN; !(await listens(server, address)); await sleep(20)) {
    const holder = await askHolder(dataDir);
    // One that is being killed answers nothing, and is gone in a moment.
    const dying = holder === undefined || holder.pid === undefined;
    if (!dying || Date.now() > end) throw new DataDirectoryInUseError(dataDir, holder ?? {});
  }
  server.unref();
  try {
    const file = await lockFile(dataDir);
    return {
      async release() {
        file.close();
        await closed(server);
      },
    };
  } catch (error) {
    await closed(server);
    throw error;
  }
}

/** The process that holds the data directory; undefined when there is none. */
export async function askHolder(dataDir: string): Promise<Holder | undefined> {
  const socket = connect({ path: await lockAddress(dataDir) });
  socket.setTimeout(ANSWER_WITHIN, () => socket.destroy());
  let text = "";
  try {
    for await (const chunk of socket.setEncoding("utf8")) {
      text += chunk;
      if (text.length > ANSWER_BYTES) break;
    }
    const { pid, url } = JSON.parse(text);
    return { ...(Number.isInteger(pid) && { pid }), ...(typeof url === "string" && { url }) };
  } catch (error) {
    return errnoOf(error) === "ECONNREFUSED" ? undefined : {};
  }
}

/** An abstract socket: no file is left behind, and the name is free again as soon as its process is gone. */
async function lockAddress(dataDir: string): Promise<string> {
  const { dev, ino } = await stat(dataDir, { bigint: true });
  return `\0berth-${createHash("sha256").update(`${dev}:${ino}`).digest("hex").slice(0, 32)}`;
}

function listens(server: Server, path: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const failed = (error: Error): void => {
      if (errnoOf(error) === "EADDRINUSE") resolve(false);
      else reject(error);
    };
    server.once("error", failed);
    server.listen({ path, exclusive: true }, () => {
      server.off("error", failed);
      resolve(true);
    });
  });
}

/**
 * Abstract sockets end at the network namespace, so two containers on one volume would not meet: SQLite's lock on a
 * file is the kernel's too and has no such border.
 */
async function lockFile(dataDir: string): Promise<{ close(): void }> {
  const { DatabaseSync } = await import("node:sqlite");
  const path = join(dataDir, "lock");
  const { uid, gid } = await stat(dataDir);
  const made = await open(path, "a", 0o600);
  try {
    if (process.getuid?.() === 0) await made.chown(uid, gid);
  } finally {
    // Before SQLite opens it: the kernel drops a process's locks on a file with any descriptor of that file.
    await made.close();
  }
  try {
    const file = new DatabaseSync(path, { timeout: 1_000 });
    try {
      file.exec("BEGIN EXCLUSIVE");
    } catch (error) {
      file.close();
      throw error;
    }
    return file;
  } catch (error) {
    if ((error as { errcode?: number }).errcode === SQLITE_BUSY)
      throw new DataDirectoryInUseError(dataDir, {});
    // A file system without locks; the socket still keeps the processes of this container apart.
    return { close: () => undefined };
  }
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}
