import { constants } from "node:fs";
import { type FileHandle, open, rename, stat } from "node:fs/promises";
import type { Account } from "./account.ts";
import { errnoOf } from "./errors.ts";

/** The log begins anew above this size; one older log is kept. */
const LOG_BYTES = 8 * 1024 * 1024;
const TAIL_BYTES = 2_000;

/** Opens the server's log to append, for its owner's eyes alone. */
export async function openLogFile(path: string, owner: Account): Promise<FileHandle> {
  const size = await stat(path).then(
    (facts) => facts.size,
    (error: unknown) => {
      if (errnoOf(error) === "ENOENT") return 0;
      throw error;
    },
  );
  if (size > LOG_BYTES) await rename(path, `${path}.1`);
  const { O_APPEND, O_CREAT, O_RDWR, O_NOFOLLOW } = constants;
  const file = await open(path, O_APPEND | O_CREAT | O_RDWR | O_NOFOLLOW, 0o600);
  if (process.getuid?.() === 0) await file.chown(owner.uid, owner.gid);
  return file;
}

/** What was logged since `start`, its end when that is much. */
export async function logSince(path: string, start: number): Promise<string> {
  const file = await open(path, "r");
  try {
    const { size } = await file.stat();
    const from = Math.max(start, size - TAIL_BYTES);
    const buffer = Buffer.alloc(Math.max(size - from, 0));
    await file.read(buffer, 0, buffer.length, from);
    return buffer.toString("utf8").trim();
  } finally {
    await file.close();
  }
}
