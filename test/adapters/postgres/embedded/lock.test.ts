import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chown, mkdir, readFile, rmdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import {
  DataDirectoryInUseError,
  EmbeddedPostgresError,
} from "../../../../src/adapters/postgres/embedded/errors.ts";
import { holderFile } from "../../../../src/adapters/postgres/embedded/holder.ts";
import { askHolder, lockDirectory } from "../../../../src/adapters/postgres/embedded/lock.ts";
import { startTimeOf } from "../../../../src/adapters/postgres/embedded/processes.ts";
import { temporaryDataDir } from "../../../support/embedded.ts";

const HOLD = `
  const { DatabaseSync } = require("node:sqlite");
  const file = new DatabaseSync(process.argv[1]);
  file.exec("BEGIN EXCLUSIVE");
  console.log("held");
  setInterval(() => undefined, 60_000);`;

let directory: Awaited<ReturnType<typeof temporaryDataDir>>;
let other: ChildProcess | undefined;
beforeEach(async () => {
  directory = await temporaryDataDir();
});
afterEach(async () => {
  vi.restoreAllMocks();
  other?.kill("SIGKILL");
  other = undefined;
  await directory[Symbol.asyncDispose]();
});

/** Another process takes the data directory, and says so of itself or not. */
async function holdElsewhere(says: (pid: number) => Promise<object> | object): Promise<number> {
  const child = spawn(process.execPath, ["-e", HOLD, join(directory.path, "lock")], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  other = child;
  await once(child.stdout, "data");
  await writeFile(holderFile(directory.path), JSON.stringify(await says(Number(child.pid))));
  return Number(child.pid);
}

describe("a data directory", () => {
  test("is held by one, who leaves a name, until it is released", async () => {
    const lock = await lockDirectory(directory.path, "http://one.test");
    const holder = { pid: process.pid, url: "http://one.test" };
    expect(await askHolder(directory.path)).toEqual(holder);
    const began = await startTimeOf(process.pid);
    expect(JSON.parse(await readFile(holderFile(directory.path), "utf8"))).toEqual({ ...holder, began });
    const refused = await lockDirectory(directory.path, "http://two.test").catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(DataDirectoryInUseError);
    expect(refused).toMatchObject({ pid: process.pid, dataDir: directory.path });
    await lock.release();
    await expect(stat(holderFile(directory.path))).rejects.toThrow("ENOENT");
    expect(await askHolder(directory.path)).toBeUndefined();
    await (await lockDirectory(directory.path, undefined)).release();
  });

  test("is one by whatever path, and others are free", async () => {
    await using another = await temporaryDataDir();
    const lock = await lockDirectory(directory.path, undefined);
    await expect(lockDirectory(`${directory.path}/.`, undefined)).rejects.toThrow(DataDirectoryInUseError);
    await (await lockDirectory(another.path, undefined)).release();
    await lock.release();
  });

  test("has no holder where there never was one", async () => {
    expect(await askHolder(directory.path)).toBeUndefined();
    await expect(stat(join(directory.path, "lock"))).rejects.toThrow("ENOENT");
  });

  test("is locked by a file of its owner's, for nobody else", async () => {
    const owner = process.getuid?.() === 0 ? 65_534 : Number(process.getuid?.());
    await chown(directory.path, owner, owner);
    await (await lockDirectory(directory.path, undefined)).release();
    const { uid, gid, mode } = await stat(join(directory.path, "lock"));
    expect([uid, gid, mode & 0o777]).toEqual([owner, owner, 0o600]);
  });

  test("is free again after a try that could not leave its name", async () => {
    const inTheWay = holderFile(directory.path);
    await mkdir(inTheWay);
    await expect(lockDirectory(directory.path, undefined)).rejects.toThrow(/EISDIR|EEXIST|ENOTEMPTY/);
    expect(await askHolder(directory.path)).toBeUndefined();
    await rmdir(inTheWay);
    await (await lockDirectory(directory.path, undefined)).release();
  });

  test("whose lock is no file of ours is refused, with what to do", async () => {
    await writeFile(
      join(directory.path, "lock"),
      "a letter that somebody has written, and no lock\n".repeat(30),
    );
    const refused = await lockDirectory(directory.path, undefined).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(EmbeddedPostgresError);
    expect(String(refused)).toMatch(/cannot be locked.*set BERTH_DATA_DIR/);
    await expect(askHolder(directory.path)).rejects.toThrow(/may not be read/);
  });
});

describe("a data directory that another process holds", () => {
  /** Looks at the clock until a start gives up, a step of 600 ms each. */
  async function looksUntilRefused(): Promise<number> {
    let now = 0;
    const clock = vi.spyOn(Date, "now").mockImplementation(() => (now += 600));
    await expect(lockDirectory(directory.path, undefined)).rejects.toThrow(DataDirectoryInUseError);
    return clock.mock.calls.length;
  }

  test("tells who that is, as far as it has said", async () => {
    const pid = await holdElsewhere((pid) => ({ pid, url: "http://other.test" }));
    expect(await askHolder(directory.path)).toEqual({ pid, url: "http://other.test" });
    await expect(lockDirectory(directory.path, undefined)).rejects.toThrow(
      `in use by Berth process ${pid} (http://other.test)`,
    );
  });

  test("is waited for a second where that process is known to live", async () => {
    await holdElsewhere(async (pid) => ({ pid, began: await startTimeOf(pid) }));
    expect(await looksUntilRefused()).toBe(3);
  });

  test.each<[string, (pid: number) => object]>([
    ["has not said who it is", () => ({})],
    ["has the id of one that began at another time", (pid) => ({ pid, began: "1" })],
    ["says that it is one that is gone", () => ({ pid: 2 ** 30, began: "1" })],
  ])("is waited for three seconds where it %s: it may be dying", async (_, says) => {
    await holdElsewhere(says);
    expect(await looksUntilRefused()).toBe(7);
  });

  test("is taken as soon as that process is gone", async () => {
    await holdElsewhere((pid) => ({ pid }));
    const taking = lockDirectory(directory.path, undefined);
    other?.kill("SIGKILL");
    await (await taking).release();
  });
});
