import { readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
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

// One database for all: making it is most of the time that a test takes.
let directory: Awaited<ReturnType<typeof temporaryDataDir>>;

beforeAll(async () => {
  directory = await temporaryDataDir();
  await (await start(directory.path)).stop();
});

afterAll(() => directory[Symbol.asyncDispose]());

test("the database stops when its Berth is killed", async () => {
  const { child, connection } = await startInChild(directory.path);
  await query(connection, "CREATE TABLE kept AS SELECT 1 AS value");
  const postmaster = await postmasterOf(directory.path);
  child.kill("SIGKILL");
  await until("the database is gone", async () => !(await lives(postmaster)));
  await until("its folder is gone", async () =>
    stat(String(connection.host)).then(
      () => false,
      () => true,
    ),
  );
  await using next = await start(directory.path);
  expect(await query(next.connection, "SELECT value FROM kept")).toEqual([{ value: 1 }]);
});

test("the next start takes over what no watcher stopped", async () => {
  const { child, connection } = await startInChild(directory.path);
  await query(connection, "CREATE TABLE kept_too AS SELECT 1 AS value");
  const postmaster = await postmasterOf(directory.path);
  process.kill(await watcherOf(directory.path), "SIGKILL");
  child.kill("SIGKILL");
  await until("Berth is gone", async () => !(await lives(Number(child.pid))));
  expect(await lives(postmaster)).toBe(true);
  await using next = await start(directory.path);
  expect(next.events).toEqual(["stopped the database that a Berth which died left running"]);
  expect(await lives(postmaster)).toBe(false);
  await expect(stat(String(connection.host))).rejects.toThrow("ENOENT");
  expect(await query(next.connection, "SELECT value FROM kept_too")).toEqual([{ value: 1 }]);
});

test("a watcher that died is replaced", async () => {
  const { child } = await startInChild(directory.path);
  const [postmaster, watcher] = [await postmasterOf(directory.path), await watcherOf(directory.path)];
  process.kill(watcher, "SIGKILL");
  await until("there is another", async () => {
    const now = await watcherOf(directory.path).catch(() => watcher);
    return now !== watcher;
  });
  child.kill("SIGKILL");
  await until("the database is gone", async () => !(await lives(postmaster)));
});

test("a process id that is another process's by now stops nobody", async () => {
  await (await start(directory.path)).stop();
  const lines = [process.pid, "/proc/self/cwd", 1, 5432, "/tmp/berth-nobody", "", "", "ready"];
  await writeFile(join(directory.path, "postgres/postmaster.pid"), `${lines.join("\n")}\n`);
  await using server = await start(directory.path);
  expect(server.events).toEqual([]);
  expect(await query(server.connection, "SELECT 1 AS one")).toEqual([{ one: 1 }]);
});

test("a killed database comes back on the same connection with every acknowledged row", async () => {
  await using server = await start(directory.path);
  await query(server.connection, "CREATE TABLE acknowledged (value int)");
  for (const round of [1, 2, 3]) {
    let acknowledged = 0;
    const postmaster = await postmasterOf(directory.path);
    for (let value = 1; value <= 20; value += 1) {
      await query(server.connection, `INSERT INTO acknowledged VALUES (${round * 100 + value})`);
      acknowledged += 1;
    }
    process.kill(postmaster, "SIGKILL");
    await until("it answers again", () => answers(server.connection));
    expect(await postmasterOf(directory.path)).not.toBe(postmaster);
    const rows = await query(
      server.connection,
      `SELECT count(*)::int AS n FROM acknowledged WHERE value / 100 = ${round}`,
    );
    expect(rows).toEqual([{ n: acknowledged }]);
  }
  expect(server.events.at(-1)).toBe("the embedded database runs again");
  const backend = await query<{ pid: number }>(server.connection, "SELECT pg_backend_pid() AS pid");
  expect(backend).toHaveLength(1);
});

test("a killed backend is the postmaster's to mend", async () => {
  await using server = await start(directory.path);
  const postmaster = await postmasterOf(directory.path);
  const children = await readFile(`/proc/${postmaster}/task/${postmaster}/children`, "utf8");
  process.kill(Number(children.trim().split(" ").at(-1)), "SIGKILL");
  await until("it answers again", () => answers(server.connection));
  expect(await postmasterOf(directory.path)).toBe(postmaster);
  expect(server.events).toEqual([]);
});

test("a stop during a restart leaves nothing running", async () => {
  const server = await start(directory.path);
  const postmaster = await postmasterOf(directory.path);
  process.kill(postmaster, "SIGKILL");
  await until("the fall is noticed", () => server.events.length > 0);
  await server.stop();
  expect(await lives(postmaster)).toBe(false);
  await (await start(directory.path)).stop();
});

async function answers(connection: Parameters<typeof query>[0]): Promise<boolean> {
  return query(connection, "SELECT 1").then(
    () => true,
    () => false,
  );
}
