import { chown, mkdtemp, readdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Account } from "./account.ts";
import { EmbeddedPostgresError, errnoOf } from "./errors.ts";
import { handOver } from "./hand-over.ts";
import { makePassword, readPassword, syncFolder } from "./password.ts";
import type { Programs } from "./reachable-binaries.ts";
import { run } from "./run.ts";
import { sharedMemoryType } from "./shared-memory.ts";

/** The role and the database that Berth uses; the database is the one that initdb makes. */
export const ROLE = "berth";
export const DATABASE = "postgres";

/** A folder that a program stands in can be reached whatever its parents' modes are. */
export const HERE = "/proc/self/cwd";

const UNFINISHED = "postgres.new-";

export interface Place {
  readonly dataDir: string;
  /** The real path of the database's folder. */
  readonly database: string;
  /** Who owns the data directory. */
  readonly owner: Account;
  readonly account: Account | undefined;
}

/**
 * Says whether there is a database of the given major version.
 * @throws EmbeddedPostgresError for one of another version and for a folder that holds something else
 */
export async function hasDatabase(place: Place, major: string): Promise<boolean> {
  const { database } = place;
  const version = await readFile(join(database, "PG_VERSION"), "utf8").catch((error: unknown) => {
    if (errnoOf(error) === "ENOENT") return undefined;
    throw error;
  });
  if (version === undefined) {
    const entries = await readdir(database).catch((error: unknown) => {
      if (errnoOf(error) === "ENOENT") return [];
      throw error;
    });
    if (entries.length === 0) return false;
    throw new EmbeddedPostgresError(
      `${database} is not empty and holds no PostgreSQL database: move it away, or set BERTH_DATA_DIR`,
    );
  }
  if (version.trim() === major) return true;
  throw new EmbeddedPostgresError(
    `the database ${database} is of PostgreSQL ${version.trim()}, and this Berth brings PostgreSQL ${major}: ` +
      `write a dump with the Berth that made it (pg_dump) and restore it into a new data directory, or serve it with ` +
      `PostgreSQL ${version.trim()} and set BERTH_DATABASE_URL to that server`,
  );
}

/** Removes what a start that died left half-made. */
export async function removeUnfinished(dataDir: string): Promise<void> {
  for (const name of await readdir(dataDir)) {
    if (name.startsWith(UNFINISHED)) {
      await rm(join(dataDir, name), { recursive: true, force: true, maxRetries: 5 });
    }
  }
}

/**
 * Makes the database, whole or not at all, durably. An account without a name gets it from `maker`, as whom initdb runs.
 * @returns its password
 */
export async function createDatabase(place: Place, programs: Programs, maker?: Account): Promise<string> {
  const { dataDir } = place;
  const account = maker ?? place.account;
  const password = await makePassword(dataDir, place.owner);
  const folder = await mkdtemp(join(dataDir, UNFINISHED));
  try {
    if (account !== undefined) await chown(folder, account.uid, account.gid);
    // The session that `run` makes has no terminal, so that initdb asks its standard input for the password, twice:
    // neither an argument nor a file that another process of the same user could read.
    const { code, output } = await run(
      programs.initdb,
      [
        ...["-D", HERE, "-U", ROLE, "-W", "--auth=scram-sha-256"],
        ...["--encoding=UTF8", "--no-locale", "--no-instructions"],
        ...["-c", `dynamic_shared_memory_type=${await sharedMemoryType(account)}`],
      ],
      { cwd: folder, account, env: programs.environment, input: `${password}\n${password}\n` },
    );
    if (code !== 0) throw new EmbeddedPostgresError(explain(dataDir, output));
    if (maker !== undefined && place.account !== undefined) await handOver(folder, maker, place.account);
    await rename(folder, place.database);
    await syncFolder(dataDir);
    return password;
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

function explain(dataDir: string, output: string): string {
  const said = output
    .split("\n")
    .filter((line) => /error|fatal|could not|cannot|EACCES|EPERM|EAGAIN/i.test(line))
    .join("; ");
  const hint = /look up effective user/.test(output)
    ? ": PostgreSQL needs a user with an entry in /etc/passwd; start Berth as one, or set BERTH_DATABASE_URL"
    : "";
  return `no database could be made in the data directory ${dataDir}: ${said || output}${hint}`;
}

/** The password of an existing database; a lost one is replaced, in single-user mode, as the server is not running. */
export async function recallPassword(place: Place, programs: Programs): Promise<string> {
  const known = await readPassword(place.dataDir);
  if (known !== undefined) return known;
  const password = await makePassword(place.dataDir, place.owner);
  const { code, output } = await run(programs.postgres, ["--single", "-D", HERE, DATABASE], {
    cwd: place.database,
    account: place.account,
    env: programs.environment,
    input: `ALTER ROLE ${ROLE} PASSWORD '${password}';\n`,
  });
  if (code === 0 && !/ERROR|FATAL/.test(output)) return password;
  throw new EmbeddedPostgresError(
    `the file postgres-password is missing from ${place.dataDir} and no new password could be set; ` +
      "restore the file from a backup",
  );
}
