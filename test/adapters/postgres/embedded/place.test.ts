import { execFileSync } from "node:child_process";
import { chown, mkdir, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { chooseAccount, OWN_ACCOUNT } from "../../../../src/adapters/postgres/embedded/choose-account.ts";
import { hasDatabase, removeUnfinished } from "../../../../src/adapters/postgres/embedded/create-database.ts";
import { EmbeddedPostgresError } from "../../../../src/adapters/postgres/embedded/errors.ts";
import { clearTheWay } from "../../../../src/adapters/postgres/embedded/leftovers.ts";
import { temporaryDataDir } from "../../../support/embedded.ts";

const SOMEBODY = { uid: 61_001, gid: 61_001 };
const isRoot = process.getuid?.() === 0;

let directory: Awaited<ReturnType<typeof temporaryDataDir>>;
let database: string;
beforeEach(async () => {
  directory = await temporaryDataDir();
  database = join(directory.path, "postgres");
});
afterEach(() => directory[Symbol.asyncDispose]());

async function makeDatabase(version = "18"): Promise<void> {
  await mkdir(database, { recursive: true });
  await writeFile(join(database, "PG_VERSION"), `${version}\n`);
}

describe("a place for a database", () => {
  const has = (major: string) =>
    hasDatabase({ dataDir: directory.path, database, owner: SOMEBODY, account: undefined }, major);

  test("has none where there is no folder, or an empty one", async () => {
    expect(await has("18")).toBe(false);
    await mkdir(database);
    expect(await has("18")).toBe(false);
  });

  test("has that of the version that Berth brings, and refuses another by its name", async () => {
    await makeDatabase();
    expect(await has("18")).toBe(true);
    await expect(has("19")).rejects.toThrow(
      `the database ${database} is of PostgreSQL 18, and this Berth brings PostgreSQL 19: `,
    );
    await expect(has("19")).rejects.toThrow("serve it with PostgreSQL 18 and set BERTH_DATABASE_URL");
    await expect(has("1")).rejects.toThrow(EmbeddedPostgresError);
  });

  test("is refused where something else is, or where it cannot be read", async () => {
    await mkdir(join(database, "letters"), { recursive: true });
    await expect(has("18")).rejects.toThrow("is not empty and holds no PostgreSQL database");
    await mkdir(join(database, "PG_VERSION"));
    await expect(has("18")).rejects.toThrow("EISDIR");
    await writeFile(join(directory.path, "file"), "");
    database = join(directory.path, "file");
    await expect(has("18")).rejects.toThrow("ENOTDIR");
  });

  test("is cleared of what a start that died has left half-made, and of nothing else", async () => {
    for (const name of ["postgres.new-abc", "postgres", "my-postgres.new-abc", "postgres.newer"])
      await mkdir(join(directory.path, name, "base"), { recursive: true });
    await removeUnfinished(directory.path);
    expect((await readdir(directory.path)).toSorted()).toEqual([
      "my-postgres.new-abc",
      "postgres",
      "postgres.newer",
    ]);
  });
});

describe("the way to a start", () => {
  const FOLDER = "berth-abc123";
  const clear = (account = undefined as typeof SOMEBODY | undefined) => clearTheWay(database, account);

  /** What a server that did not stop in order left: its file, which names a process of no server and a folder. */
  async function leave(folder: string): Promise<string> {
    await mkdir(database, { recursive: true });
    const path = join(directory.path, folder);
    const lines = [process.pid, database, 1, 5432, path, "", "", "ready"];
    await writeFile(join(database, "postmaster.pid"), lines.join("\n"));
    return path;
  }

  test("is clear after an end in order", async () => {
    expect(await clear()).toEqual({ stopped: [], socketDir: undefined });
  });

  test("is cleared of the file, and the folder of the socket is told", async () => {
    const path = await leave(FOLDER);
    await mkdir(path);
    expect(await clear()).toEqual({ stopped: [], socketDir: path });
    expect(await readdir(database)).toEqual([]);
  });

  test("is cleared of a file that says nothing yet", async () => {
    await leave(FOLDER);
    await writeFile(join(database, "postmaster.pid"), "");
    expect(await clear()).toEqual({ stopped: [], socketDir: undefined });
    expect(await readdir(database)).toEqual([]);
  });

  test.each<[string, string, (path: string) => Promise<unknown>]>([
    ["is not there", FOLDER, async () => undefined],
    ["is not called like ours", "berth-abc1234", (path) => mkdir(path)],
    ["is a file", FOLDER, (path) => writeFile(path, "")],
    ["is a link", FOLDER, (path) => symlink(directory.path, path)],
  ])("tells no folder that %s: what the file says is the server's word", async (_, folder, make) => {
    await make(await leave(folder));
    expect((await clear()).socketDir).toBeUndefined();
  });

  test.runIf(isRoot)("tells the folder of the server's user alone", async () => {
    const path = await leave(FOLDER);
    await mkdir(path);
    expect((await clear(SOMEBODY)).socketDir).toBeUndefined();
    await leave(FOLDER);
    await chown(path, SOMEBODY.uid, SOMEBODY.gid);
    expect((await clear(SOMEBODY)).socketDir).toBe(path);
  });
});

describe.runIf(isRoot)("whom the database of a Berth that root starts runs as", () => {
  const choose = () => chooseAccount(directory.path, database);
  const accountOf = async (name: string) => {
    const users = await readFile("/etc/passwd", "utf8");
    const [, uid, gid] = new RegExp(`^${name}:[^:]*:(\\d+):(\\d+):`, "m").exec(users) ?? [];
    return { uid: Number(uid), gid: Number(gid) };
  };
  const OTHERWISE = { former: undefined, maker: undefined, warning: undefined };

  test("is an account of its own where there is no database yet", async () => {
    const chosen = await choose();
    expect(chosen).toEqual({ ...OTHERWISE, account: await accountOf(OWN_ACCOUNT) });
    await mkdir(database);
    await chown(database, SOMEBODY.uid, SOMEBODY.gid);
    expect(await choose()).toEqual(chosen);
  });

  test("is the owner of the database that there is, who is not root", async () => {
    await makeDatabase();
    await expect(choose()).rejects.toThrow(`chown -R ${OWN_ACCOUNT}: ${database}`);
    await chown(database, SOMEBODY.uid, SOMEBODY.gid);
    expect(await choose()).toEqual({ ...OTHERWISE, account: SOMEBODY });
  });

  test("is its own account for a database of nobody's, unless nobody has the data directory too", async () => {
    await makeDatabase();
    const nobody = await accountOf("nobody");
    execFileSync("chown", ["-R", `${nobody.uid}:${nobody.gid}`, database]);
    expect(await choose()).toEqual({ ...OTHERWISE, account: await accountOf(OWN_ACCOUNT), former: nobody });
    await chown(directory.path, nobody.uid, nobody.gid);
    expect(await choose()).toEqual({ ...OTHERWISE, account: nobody });
  });
});
