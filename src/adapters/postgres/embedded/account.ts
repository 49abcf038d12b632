import { readFile, stat } from "node:fs/promises";
import { EmbeddedPostgresError, errnoOf } from "./errors.ts";

/** The user that PostgreSQL runs as when it is not the one that Berth runs as. */
export interface Account {
  readonly uid: number;
  readonly gid: number;
}

/** Takes the place of root, as which PostgreSQL refuses to run. */
const STAND_IN = "nobody";

/**
 * Whom the server runs as: undefined for the user of this process. For root it is the owner of an existing database,
 * else `nobody`.
 * @throws EmbeddedPostgresError when the database belongs to somebody we cannot act as
 */
export async function chooseAccount(database: string): Promise<Account | undefined> {
  const self = process.getuid?.() ?? -1;
  const owner = await stat(database).catch((error: unknown) => {
    if (errnoOf(error) === "ENOENT") return undefined;
    throw error;
  });
  const exists = owner !== undefined && (await isDatabase(database));
  if (self !== 0) {
    if (exists && owner.uid !== self) {
      throw new EmbeddedPostgresError(
        `the database ${database} belongs to user id ${owner.uid}, and Berth runs as ${self}: ` +
          "start Berth as that user or as root, or set BERTH_DATA_DIR",
      );
    }
    return undefined;
  }
  if (!exists) return standIn();
  if (owner.uid === 0) {
    throw new EmbeddedPostgresError(
      `the database ${database} belongs to root, as whom PostgreSQL does not run: ` +
        `give it to an ordinary user, for instance by chown -R ${STAND_IN}: ${database}`,
    );
  }
  return { uid: owner.uid, gid: owner.gid };
}

async function isDatabase(directory: string): Promise<boolean> {
  return stat(`${directory}/PG_VERSION`).then(
    () => true,
    (error: unknown) => errnoOf(error) !== "ENOENT",
  );
}

async function standIn(): Promise<Account> {
  const users = await readFile("/etc/passwd", "utf8").catch(() => "");
  const fields = users
    .split("\n")
    .map((line) => line.split(":"))
    .find(([name]) => name === STAND_IN);
  const uid = Number(fields?.[2] ?? 0);
  const gid = Number(fields?.[3] ?? 0);
  if (!(uid > 0 && gid > 0)) {
    throw new EmbeddedPostgresError(
      `PostgreSQL does not run as root, and /etc/passwd has no user ${STAND_IN} to run it as: ` +
        "start Berth as an ordinary user, or set BERTH_DATABASE_URL",
    );
  }
  return { uid, gid };
}

/** What `spawn` needs to run a program as `account`. */
export function spawnAs(account: Account | undefined): { uid?: number; gid?: number } {
  return account === undefined ? {} : { uid: account.uid, gid: account.gid };
}
