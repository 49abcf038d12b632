import { realpath } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type pg from "pg";
import { DATABASE, ROLE } from "./create-database.ts";
import { EmbeddedPostgresError, errnoOf } from "./errors.ts";
import { askHolder } from "./lock.ts";
import { readPassword } from "./password.ts";
import { readPostmasterFile } from "./processes.ts";

/** Milliseconds for a Berth that is just starting. */
const PATIENCE = 15_000;

export function connectionTo(socketDir: string, port: number, password: string): pg.ClientConfig {
  return { host: socketDir, port, user: ROLE, database: DATABASE, password };
}

/**
 * The database of another Berth that runs on this data directory, and that Berth's process id; undefined when none does.
 * @throws EmbeddedPostgresError when it may not be used or does not come up
 */
export async function findRunningPostgres(
  dataDir: string,
): Promise<{ connection: pg.ClientConfig; pid: number } | undefined> {
  const real = await realpath(dataDir).catch((error: unknown) => {
    if (errnoOf(error) === "ENOENT") return undefined;
    throw error;
  });
  if (real === undefined) return undefined;
  for (const end = Date.now() + PATIENCE; ; await sleep(50)) {
    const holder = await askHolder(real);
    if (holder === undefined) return undefined;
    const [server, password] = await Promise.all([readServer(real), readPassword(real)]);
    if (server?.ready && password !== undefined && holder.pid !== undefined) {
      return { connection: connectionTo(server.socketDir, server.port, password), pid: holder.pid };
    }
    if (Date.now() > end) {
      throw new EmbeddedPostgresError(
        `Berth process ${holder.pid ?? "of another user"} holds the data directory ${dataDir}, ` +
          "but its database does not answer: look into postgres.log there",
      );
    }
  }
}

async function readServer(dataDir: string): ReturnType<typeof readPostmasterFile> {
  const database = join(dataDir, "postgres");
  try {
    return await readPostmasterFile(await realpath(database));
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return undefined;
    if (errnoOf(error) !== "EACCES") throw error;
    throw new EmbeddedPostgresError(
      `${database} may not be read: run this as the user who started Berth, or as root`,
    );
  }
}
