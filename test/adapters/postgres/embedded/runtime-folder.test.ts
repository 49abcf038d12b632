import { chmod, chown, mkdir, readlink, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import {
  canReach,
  keepRuntimeFolder,
  layLinks,
  makeRuntimeFolder,
  removeRuntimeFolder,
} from "../../../../src/adapters/postgres/embedded/runtime-folder.ts";
import { temporaryDataDir } from "../../../support/embedded.ts";

const NOBODY = { uid: 65_534, gid: 65_534 };
const isRoot = process.getuid?.() === 0;

let directory: Awaited<ReturnType<typeof temporaryDataDir>>;
const made: string[] = [];

beforeEach(async () => {
  directory = await temporaryDataDir();
  await chmod(directory.path, 0o711);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  for (const folder of made.splice(0)) await removeRuntimeFolder(folder);
  await directory[Symbol.asyncDispose]();
});

/** A folder whose path has this many bytes. */
async function folderOf(bytes: number): Promise<string> {
  const path = join(directory.path, "x".repeat(bytes - directory.path.length - 1));
  await mkdir(path);
  return path;
}

async function make(account?: typeof NOBODY): Promise<string> {
  const folder = await makeRuntimeFolder(account);
  made.push(folder);
  return folder;
}

describe("the folder of the socket", () => {
  test("is new, below the temporary folder, and for its user alone", async () => {
    vi.stubEnv("TMPDIR", directory.path);
    const [one, other] = [await make(), await make()];
    expect(one).not.toBe(other);
    expect([dirname(one), (await stat(one)).mode & 0o777]).toEqual([directory.path, 0o700]);
    expect(one).toMatch(/\/berth-\w{6}$/);
  });

  test("is elsewhere where its path would be too long for a socket", async () => {
    vi.stubEnv("TMPDIR", await folderOf(75));
    const fits = await make();
    expect(dirname(fits)).toBe(process.env["TMPDIR"]);
    expect(Buffer.byteLength(`${fits}/.s.PGSQL.5432.lock`)).toBe(107);
    vi.stubEnv("TMPDIR", await folderOf(76));
    vi.stubEnv("XDG_RUNTIME_DIR", "");
    expect(dirname(await make())).toBe("/tmp");
    vi.stubEnv("XDG_RUNTIME_DIR", directory.path);
    expect(dirname(await make())).toBe(directory.path);
  });

  test.runIf(isRoot)("is its user's, and elsewhere where that user cannot come", async () => {
    const [open, closed] = [join(directory.path, "open"), join(directory.path, "closed")];
    await mkdir(open, { mode: 0o711 });
    await mkdir(closed, { mode: 0o700 });
    vi.stubEnv("TMPDIR", closed);
    vi.stubEnv("XDG_RUNTIME_DIR", open);
    const folder = await make(NOBODY);
    const { uid, gid, mode } = await stat(folder);
    expect([dirname(folder), uid, gid, mode & 0o777]).toEqual([open, NOBODY.uid, NOBODY.gid, 0o700]);
    expect(dirname(await make())).toBe(closed);
  });

  test("comes back when it was cleaned away, and stays as it is when it was not", async () => {
    const folder = join(directory.path, "berth-abcdef");
    await keepRuntimeFolder(folder, undefined);
    expect((await stat(folder)).mode & 0o777).toBe(0o700);
    await writeFile(join(folder, "socket"), "");
    await keepRuntimeFolder(folder, undefined);
    expect(await stat(join(folder, "socket"))).toBeDefined();
    await rm(folder, { recursive: true });
    await expect(keepRuntimeFolder(join(folder, "below"), undefined)).rejects.toThrow("ENOENT");
  });

  test.runIf(isRoot)("is not taken over from somebody else", async () => {
    const folder = join(directory.path, "berth-abcdef");
    await keepRuntimeFolder(folder, NOBODY);
    expect((await stat(folder)).uid).toBe(NOBODY.uid);
    await keepRuntimeFolder(folder, NOBODY);
    const taken = `${folder} was taken by user id ${NOBODY.uid}: remove it and start again`;
    await expect(keepRuntimeFolder(folder, undefined)).rejects.toThrow(taken);
  });
});

test("links of libraries are laid once, where everybody may read them", async () => {
  const links = [{ name: "libpq.so.5", target: "/lib/libpq.so.5.18" }];
  const lib = await layLinks(directory.path, links);
  expect(lib).toBe(join(directory.path, "lib"));
  expect(await layLinks(directory.path, links)).toBe(lib);
  expect(await readlink(join(lib, "libpq.so.5"))).toBe("/lib/libpq.so.5.18");
  expect((await stat(lib)).mode & 0o777).toBe(0o755);
  await expect(layLinks(directory.path, [{ name: "no/such", target: "/lib" }])).rejects.toThrow("ENOENT");
});

test.runIf(isRoot).each([
  ["everybody", 0, 0, 0o701, true],
  ["nobody else", 0, 0, 0o770, false],
  ["its group", 0, NOBODY.gid, 0o710, true],
  ["everybody but its group", 0, NOBODY.gid, 0o701, false],
  ["its owner", NOBODY.uid, 0, 0o100, true],
  ["everybody but its owner", NOBODY.uid, NOBODY.gid, 0o011, false],
])("a folder that %s may pass through", async (_, uid, gid, mode, reached) => {
  const outer = join(directory.path, "outer");
  await mkdir(join(outer, "inner"), { recursive: true });
  await chmod(join(outer, "inner"), 0o711);
  await chown(outer, uid, gid);
  await chmod(outer, mode);
  expect(await canReach(outer, NOBODY)).toBe(reached);
  expect(await canReach(join(outer, "inner"), NOBODY)).toBe(reached);
});
