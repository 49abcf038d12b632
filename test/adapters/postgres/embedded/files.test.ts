import { lstat, mkdir, readFile, stat, symlink, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { holderFile, readHolder } from "../../../../src/adapters/postgres/embedded/holder.ts";
import { logSince, openLogFile } from "../../../../src/adapters/postgres/embedded/log-file.ts";
import {
  makePassword,
  passwordFile,
  readPassword,
} from "../../../../src/adapters/postgres/embedded/password.ts";
import { temporaryDataDir } from "../../../support/embedded.ts";

const MEBIBYTE = 1024 * 1024;
const owner = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };

let directory: Awaited<ReturnType<typeof temporaryDataDir>>;
beforeEach(async () => {
  directory = await temporaryDataDir();
});
afterEach(() => directory[Symbol.asyncDispose]());

describe("the log of the database", () => {
  const path = () => join(directory.path, "postgres.log");

  async function append(text: string, as = owner): Promise<void> {
    const file = await openLogFile(path(), as);
    await file.writeFile(text);
    await file.close();
  }

  test("is appended to, for its owner's eyes alone", async () => {
    await append("one\n");
    await append("two\n");
    expect(await readFile(path(), "utf8")).toBe("one\ntwo\n");
    expect((await stat(path())).mode & 0o777).toBe(0o600);
  });

  test.runIf(owner.uid === 0)("belongs to the database's user", async () => {
    await append("one\n", { uid: 65_534, gid: 65_533 });
    const { uid, gid } = await stat(path());
    expect([uid, gid]).toEqual([65_534, 65_533]);
  });

  test("begins anew above eight mebibytes, and one older log is kept", async () => {
    await append("old");
    await truncate(path(), 8 * MEBIBYTE);
    await append("");
    expect((await stat(path())).size).toBe(8 * MEBIBYTE);
    await truncate(path(), 8 * MEBIBYTE + 1);
    await append("new");
    expect(await readFile(path(), "utf8")).toBe("new");
    expect((await stat(`${path()}.1`)).size).toBe(8 * MEBIBYTE + 1);
  });

  test("is followed nowhere else, and not opened where it cannot be looked at", async () => {
    await writeFile(join(directory.path, "elsewhere"), "");
    await symlink(join(directory.path, "elsewhere"), path());
    await expect(openLogFile(path(), owner)).rejects.toThrow("ELOOP");
    await expect(openLogFile(join(directory.path, "elsewhere", "log"), owner)).rejects.toThrow("ENOTDIR");
  });

  test("is read from where a start began, and its end alone where that is much", async () => {
    await append("before\nafter\n");
    expect(await logSince(path(), 7)).toBe("after");
    expect(await logSince(path(), 13)).toBe("");
    expect(await logSince(path(), 100)).toBe("");
    await append("x".repeat(3_000));
    expect(await logSince(path(), 7)).toBe("x".repeat(2_000));
  });
});

describe("the password of the database", () => {
  test("is kept in a file of its owner's, and read from there", async () => {
    expect(await readPassword(directory.path)).toBeUndefined();
    await writeFile(`${passwordFile(directory.path)}.new`, "left by a start that died", { mode: 0o644 });
    const password = await makePassword(directory.path, owner);
    expect(password).toMatch(/^[\w-]{32}$/);
    expect(await readPassword(directory.path)).toBe(password);
    expect((await stat(passwordFile(directory.path))).mode & 0o777).toBe(0o600);
    expect(await makePassword(directory.path, owner)).not.toBe(password);
    await expect(lstat(`${passwordFile(directory.path)}.new`)).rejects.toThrow("ENOENT");
  });

  test("is none where its file is empty, and a failure where it cannot be read", async () => {
    await writeFile(passwordFile(directory.path), "\n");
    expect(await readPassword(directory.path)).toBeUndefined();
    await mkdir(join(directory.path, "odd", "postgres-password"), { recursive: true });
    await expect(readPassword(join(directory.path, "odd"))).rejects.toThrow("EISDIR");
  });

  test.runIf(owner.uid === 0)("is for root and for whom it belongs to, and others are told so", async () => {
    await makePassword(directory.path, owner);
    process.seteuid?.(65_534);
    try {
      await expect(readPassword(directory.path)).rejects.toThrow(
        `${passwordFile(directory.path)} may not be read: run this as the user who started Berth, or as root`,
      );
    } finally {
      process.seteuid?.(0);
    }
  });

  test.runIf(owner.uid === 0)("belongs to whom it is made for", async () => {
    await makePassword(directory.path, { uid: 65_534, gid: 65_533 });
    const { uid, gid } = await stat(passwordFile(directory.path));
    expect([uid, gid]).toEqual([65_534, 65_533]);
  });
});

describe("what is told of the holder of a data directory", () => {
  const told = async (text: string) => {
    await writeFile(holderFile(directory.path), text);
    return readHolder(directory.path);
  };

  test("is its process, its address and when it began", async () => {
    const holder = { pid: 417, url: "http://[::1]:5000/ of berth", began: "12345678901234567890" };
    expect(await told(JSON.stringify(holder))).toEqual(holder);
    expect(await told(JSON.stringify({ url: "x".repeat(200) }))).toEqual({ url: "x".repeat(200) });
  });

  test.each<unknown>([
    ...[{ pid: 0 }, { pid: -1 }, { pid: 1.5 }, { pid: "1" }, { pid: 2 ** 53 }],
    ...[{ url: "" }, { url: "a\nb" }, { url: "\u001b[2J" }, { url: "x".repeat(201) }, { url: 5 }],
    ...[{ began: "" }, { began: "1x" }, { began: "1".repeat(21) }, { began: 12 }],
    ...[[], 5, "x"],
  ])("is nothing of %j", async (holder) => {
    expect(await told(JSON.stringify(holder))).toEqual({});
  });

  test("is nothing where there is no file, or none that can be read", async () => {
    expect(await readHolder(directory.path)).toEqual({});
    expect(await told("{")).toEqual({});
  });
});
