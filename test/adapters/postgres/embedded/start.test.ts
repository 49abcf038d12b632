import { chmod, chown, mkdir, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  DataDirectoryInUseError,
  EmbeddedPostgresError,
  findRunningPostgres,
} from "../../../../src/adapters/postgres/embedded/index.ts";
import {
  lives,
  postmasterOf,
  query,
  start,
  startInChild,
  temporaryDataDir,
  until,
  watcherOf,
} from "../../../support/embedded.ts";

const isRoot = process.getuid?.() === 0;
const NOBODY = 65_534;

// One database for the tests that do not make their own: making it is most of the time that a test takes.
let directory: Awaited<ReturnType<typeof temporaryDataDir>>;

beforeAll(async () => {
  directory = await temporaryDataDir();
  await (await start(directory.path)).stop();
});

afterAll(() => directory[Symbol.asyncDispose]());

test("the second start finds what the first one kept, and durability is on", async () => {
  await using directory = await temporaryDataDir();
  const dataDir = join(directory.path, "made/by the start");
  {
    await using first = await start(dataDir);
    expect(first.firstStart).toBe(true);
    expect((await stat(dataDir)).mode & 0o777).toBe(0o700);
    await query(first.connection, "CREATE TABLE kept AS SELECT 1 AS value");
    const [settings] = await query(
      first.connection,
      "SELECT current_setting('fsync') AS fsync, current_setting('data_checksums') AS checksums, " +
        "current_setting('server_encoding') AS encoding, current_setting('listen_addresses') AS addresses",
    );
    expect(settings).toEqual({ fsync: "on", checksums: "on", encoding: "UTF8", addresses: "" });
    await first.stop();
    await first.stop();
  }
  await using second = await start(dataDir);
  expect(second.firstStart).toBe(false);
  expect(await query(second.connection, "SELECT value FROM kept")).toEqual([{ value: 1 }]);
  expect(second.events).toEqual([]);
});

test("a stop leaves neither processes nor folders", async () => {
  const server = await start(directory.path);
  const folder = String(server.connection.host);
  expect((await stat(folder)).mode & 0o777).toBe(0o700);
  await server.stop();
  await expect(stat(folder)).rejects.toThrow("ENOENT");
  expect((await readdir(directory.path)).sort()).toEqual([
    "lock",
    "postgres",
    "postgres-password",
    "postgres.log",
  ]);
});

test("only the password opens it, and it is nowhere but in a private file", async () => {
  await using server = await start(directory.path);
  const password = String(server.connection.password);
  await expect(query({ ...server.connection, password: "guess" }, "SELECT 1")).rejects.toThrow("password");
  const file = await stat(join(directory.path, "postgres-password"));
  expect([file.mode & 0o777, file.uid]).toEqual([0o600, process.getuid?.()]);
  expect(await readFile(join(directory.path, "postgres.log"), "utf8")).not.toContain(password);
});

test("what a terminal sends to Berth does not reach the database or its watcher", async () => {
  await using _server = await start(directory.path);
  for (const pid of [await postmasterOf(directory.path), await watcherOf(directory.path)]) {
    const facts = await readFile(`/proc/${pid}/stat`, "utf8");
    const [, , group, session] = facts.slice(facts.lastIndexOf(")") + 2).split(" ");
    expect([group, session]).toEqual([String(pid), String(pid)]);
  }
});

test("a lost password is replaced", async () => {
  const first = await start(directory.path);
  await first.stop();
  await writeFile(join(directory.path, "postgres-password"), "");
  await using second = await start(directory.path);
  expect(second.connection.password).not.toBe(first.connection.password);
  expect(await query(second.connection, "SELECT 1 AS one")).toEqual([{ one: 1 }]);
});

test("a second starter is refused by name, and a command finds the running server", async () => {
  await using directory = await temporaryDataDir();
  expect(await findRunningPostgres(directory.path)).toBeUndefined();
  const { child } = await startInChild(directory.path);
  const refused = await start(directory.path).catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(DataDirectoryInUseError);
  expect(String(refused)).toContain(
    `${directory.path} is in use by Berth process ${child.pid} (http://child.test)`,
  );
  const running = await findRunningPostgres(directory.path);
  expect(running?.pid).toBe(child.pid);
  expect(await query(running?.connection ?? {}, "SELECT 1 AS one")).toEqual([{ one: 1 }]);
  child.kill("SIGKILL");
  await until("the directory is free", async () => (await findRunningPostgres(directory.path)) === undefined);
  await using _next = await start(directory.path);
});

test("data of another major version is refused untouched, with what to do", async () => {
  await using directory = await temporaryDataDir();
  const database = join(directory.path, "postgres");
  await mkdir(database, { mode: 0o700 });
  if (isRoot) await chown(database, NOBODY, NOBODY);
  await writeFile(join(database, "PG_VERSION"), "15\n");
  const refused = await start(directory.path).catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(EmbeddedPostgresError);
  expect(String(refused)).toMatch(/PostgreSQL 15.*pg_dump.*BERTH_DATABASE_URL/);
  expect(await readdir(database)).toEqual(["PG_VERSION"]);
});

test("a folder that holds something else is refused, what a dead start left is removed", async () => {
  await using directory = await temporaryDataDir();
  await mkdir(join(directory.path, "postgres.new-abcdef"));
  const database = join(directory.path, "postgres");
  await mkdir(database);
  await writeFile(join(database, "letter"), "dear");
  await expect(start(directory.path)).rejects.toThrow(/holds no PostgreSQL database/);

  await rm(join(database, "letter"));
  await using server = await start(directory.path);
  expect(server.firstStart).toBe(true);
  expect(await readdir(directory.path)).not.toContain("postgres.new-abcdef");
});

test.runIf(isRoot)("an ordinary user starts it too, and is told whose database he may not use", async () => {
  await using directory = await temporaryDataDir(NOBODY);
  const { child, connection } = await startInChild(directory.path, NOBODY);
  expect(await query(connection, "SELECT 1 AS one")).toEqual([{ one: 1 }]);
  child.kill("SIGKILL");
  await until("the child is gone", async () => !(await lives(Number(child.pid))));
  // As root it goes on under the user that owns it, and hands the directory back unchanged.
  await (await start(directory.path)).stop();
  const again = await startInChild(directory.path, NOBODY);
  again.child.kill("SIGKILL");
  await chmod(directory.path, 0o711);
  await expect(startInChild(directory.path, 1)).rejects.toThrow(
    /may not be used by this user|belongs to user id/,
  );
});
