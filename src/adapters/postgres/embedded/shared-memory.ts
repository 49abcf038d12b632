import { constants } from "node:fs";
import { access, stat, statfs } from "node:fs/promises";
import type { Account } from "./account.ts";

/** What a server needs of it at its start, with room. */
const BYTES = 8 * 1024 * 1024;
const PLACE = "/dev/shm";

/**
 * The value of PostgreSQL's `dynamic_shared_memory_type`: where there is no /dev/shm that the server's user may write, or
 * none with room, files of the database take its place.
 */
export async function sharedMemoryType(account: Account | undefined): Promise<"posix" | "mmap"> {
  const { uid, gid } = account ?? { uid: process.getuid?.() ?? -1, gid: process.getgid?.() ?? -1 };
  try {
    // Of a file system that nobody may write, the mode says nothing.
    await access(PLACE, constants.W_OK);
    const facts = await stat(PLACE);
    const shift = facts.uid === uid ? 6 : facts.gid === gid ? 3 : 0;
    const isOpen = ((facts.mode >> shift) & 3) === 3;
    const { bsize, blocks } = await statfs(PLACE);
    return facts.isDirectory() && isOpen && bsize * blocks >= BYTES ? "posix" : "mmap";
  } catch {
    return "mmap";
  }
}
