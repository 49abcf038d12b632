import { randomInt } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import type { Account } from "./account.ts";
import { EmbeddedPostgresError, errnoOf } from "./errors.ts";
import { run } from "./run.ts";

/** Whom the server runs as. */
export interface ChosenAccount {
  /** Undefined for the user of this process. */
  readonly account: Account | undefined;
  /** Who has the database until it is handed to `account`; undefined when nobody else has it. */
  readonly former: Account | undefined;
  /** Who makes a database in the place of `account`, which has no name, and initdb wants one; undefined for itself. */
  readonly maker: Account | undefined;
  /** What the operator should know. */
  readonly warning: string | undefined;
}

/** Takes the place of root, as which PostgreSQL refuses to run. No other service should run as it. */
export const OWN_ACCOUNT = "berth";
/** Makes the database where no account can be made, and had it in older versions; other services run as it too. */
const SHARED_ACCOUNT = "nobody";
/** Ids that systemd gives to services for as long as they run, and nobody else uses. */
const NAMELESS = { first: 61_184, last: 65_519 };

/**
 * Chooses the owner of an existing database, else the user of this process. For root it is an account of the database's
 * own, which is made when it is missing; a database that `nobody` has is handed over to it.
 * @throws EmbeddedPostgresError when the database belongs to somebody we cannot act as
 */
export async function chooseAccount(dataDir: string, database: string): Promise<ChosenAccount> {
  const self = process.getuid?.() ?? -1;
  const owner = await ownerOf(database);
  const exists = owner !== undefined && (await isDatabase(database));
  if (self !== 0) {
    if (exists && owner.uid !== self) {
      throw new EmbeddedPostgresError(
        `the database ${database} belongs to user id ${owner.uid}, and Berth runs as ${self}: ` +
          "start Berth as that user or as root, or set BERTH_DATA_DIR",
      );
    }
    return { account: undefined, former: undefined, maker: undefined, warning: undefined };
  }
  if (!exists) return standIn();
  if (owner.uid === 0) {
    throw new EmbeddedPostgresError(
      `the database ${database} belongs to root, as whom PostgreSQL does not run: ` +
        `give it to an ordinary user, for instance by chown -R ${OWN_ACCOUNT}: ${database}`,
    );
  }
  const isShared = owner.uid === (await findAccount(SHARED_ACCOUNT))?.uid;
  // Whoever has the data directory as well started Berth in that name, and may do so again.
  const isOurs = (await ownerOf(dataDir))?.uid !== owner.uid;
  if (!isShared || !isOurs)
    return { account: owner, former: undefined, maker: undefined, warning: undefined };
  const chosen = await standIn();
  return chosen.account?.uid === owner.uid ? chosen : { ...chosen, former: owner };
}

async function ownerOf(path: string): Promise<Account | undefined> {
  try {
    const { uid, gid } = await stat(path);
    return { uid, gid };
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return undefined;
    throw error;
  }
}

async function isDatabase(directory: string): Promise<boolean> {
  return stat(`${directory}/PG_VERSION`).then(
    () => true,
    (error: unknown) => errnoOf(error) !== "ENOENT",
  );
}

async function standIn(): Promise<ChosenAccount> {
  const problem = await makeAccount();
  const own = await findAccount(OWN_ACCOUNT);
  if (own !== undefined) return { account: own, former: undefined, maker: undefined, warning: undefined };
  const maker = await findAccount(SHARED_ACCOUNT);
  if (maker === undefined) {
    throw new EmbeddedPostgresError(
      `PostgreSQL does not run as root, and there is no user ${OWN_ACCOUNT} to run it as (${problem}): ` +
        "start Berth as an ordinary user, or set BERTH_DATABASE_URL",
    );
  }
  const account = await namelessAccount();
  const warning =
    `the database runs as user id ${account.uid}, which has no name, because no user ${OWN_ACCOUNT} could be made ` +
    `(${problem}): add that user, or start Berth as an ordinary one`;
  return { account, former: undefined, maker, warning };
}

/** An id that no user and no group has. */
async function namelessAccount(): Promise<Account> {
  const files = await Promise.all(
    ["/etc/passwd", "/etc/group"].map((file) => readFile(file, "utf8").catch(() => "")),
  );
  const taken = new Set(
    files
      .join("\n")
      .split("\n")
      .map((line) => Number(line.split(":")[2])),
  );
  let id = randomInt(NAMELESS.first, NAMELESS.last + 1);
  while (taken.has(id)) id = id === NAMELESS.last ? NAMELESS.first : id + 1;
  return { uid: id, gid: id };
}

/** Starts that come at once wait for each other's change of the list of users. */
const TRIES = 20;
const PAUSE = 250;

/** Makes the account unless it is there. @returns why it could not be made */
async function makeAccount(): Promise<string> {
  let problem = "";
  for (let tries = 0; tries < TRIES && (await findAccount(OWN_ACCOUNT)) === undefined; tries++) {
    const { code, output } = await run(
      "useradd",
      [
        ...["--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent"],
        ...["--shell", "/usr/sbin/nologin", OWN_ACCOUNT],
      ],
      { cwd: "/", account: undefined, env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", LC_ALL: "C" } },
    );
    problem = output || `useradd ended with ${code}`;
    if (!/cannot lock/.test(output)) break;
    await sleep(PAUSE);
  }
  return problem;
}

async function findAccount(name: string): Promise<Account | undefined> {
  const users = await readFile("/etc/passwd", "utf8").catch(() => "");
  const fields = users
    .split("\n")
    .map((line) => line.split(":"))
    .find(([each]) => each === name);
  const uid = Number(fields?.[2] ?? 0);
  const gid = Number(fields?.[3] ?? 0);
  return uid > 0 && gid > 0 ? { uid, gid } : undefined;
}
