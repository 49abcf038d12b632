import { execFileSync } from "node:child_process";
import { chown, link, lstat, mkdir, readdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { handOver } from "../../../../src/adapters/postgres/embedded/hand-over.ts";
import { temporaryDataDir } from "../../../support/embedded.ts";

const FROM = { uid: 65_534, gid: 65_534 };
const TO = { uid: 61_001, gid: 61_002 };

let directory: Awaited<ReturnType<typeof temporaryDataDir>>;
let database: string;
beforeEach(async () => {
  directory = await temporaryDataDir();
  database = join(directory.path, "postgres");
  await mkdir(join(database, "base/1"), { recursive: true });
  await writeFile(join(database, "PG_VERSION"), "18\n");
  await writeFile(join(database, "base/1/1259"), "");
});
afterEach(() => directory[Symbol.asyncDispose]());

const give = (path: string) => execFileSync("chown", ["-Rh", `${FROM.uid}:${FROM.gid}`, path]);
const ownerOf = async (path: string) => {
  const { uid, gid } = await lstat(join(database, path));
  return { uid, gid };
};

describe.runIf(process.getuid?.() === 0)("a database that is handed over", () => {
  test("is the new owner's with all that is in it, links themselves included, and leaves no file open", async () => {
    await symlink(directory.path, join(database, "pg_wal"));
    give(database);
    const open = (await readdir("/proc/self/fd")).length;
    await handOver(database, FROM, TO);
    for (const path of ["", "PG_VERSION", "base", "base/1", "base/1/1259", "pg_wal"])
      expect(await ownerOf(path), path).toEqual(TO);
    expect((await lstat(directory.path)).uid).toBe(0);
    expect((await readdir("/proc/self/fd")).length).toBe(open);
  });

  test("goes on where it was interrupted", async () => {
    give(database);
    await chown(join(database, "base/1/1259"), TO.uid, TO.gid);
    await handOver(database, FROM, TO);
    expect([await ownerOf(""), await ownerOf("PG_VERSION")]).toEqual([TO, TO]);
  });

  test.each<[string, () => Promise<unknown> | Buffer, RegExp]>([
    [
      "a file that has another name outside",
      () => link(join(database, "PG_VERSION"), join(directory.path, "outside")),
      /PG_VERSION is nothing that a database has \(owner 65534\)/,
    ],
    [
      "what is no file",
      () => execFileSync("mkfifo", [join(database, "base/pipe")]),
      /base\/pipe is nothing that a database has/,
    ],
  ])("stays whose it is with %s in it, and leaves no file open", async (_, arrange, message) => {
    await arrange();
    give(database);
    const open = (await readdir("/proc/self/fd")).length;
    await expect(handOver(database, FROM, TO)).rejects.toThrow(message);
    expect(await ownerOf("")).toEqual(FROM);
    expect((await readdir("/proc/self/fd")).length).toBe(open);
  });

  test("stays whose it is with somebody else's file in it", async () => {
    give(database);
    await chown(join(database, "base/1/1259"), 61_003, 61_003);
    await expect(handOver(database, FROM, TO)).rejects.toThrow(/base\/1\/1259 is nothing .* \(owner 61003\)/);
    expect([await ownerOf(""), await ownerOf("base")]).toEqual([FROM, FROM]);
  });

  test("is no link", async () => {
    await symlink(database, join(directory.path, "link"));
    await expect(handOver(join(directory.path, "link"), FROM, TO)).rejects.toThrow(/ELOOP|ENOTDIR/);
  });
});
