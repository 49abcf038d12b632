import { chmod, cp, mkdir, mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  type Binaries,
  findBinaries,
  readBinaries,
} from "../../../../src/adapters/postgres/embedded/binaries.ts";
import { chooseAccount } from "../../../../src/adapters/postgres/embedded/choose-account.ts";
import { createDatabase } from "../../../../src/adapters/postgres/embedded/create-database.ts";
import { reachablePrograms } from "../../../../src/adapters/postgres/embedded/reachable-binaries.ts";
import {
  makeRuntimeFolder,
  removeRuntimeFolder,
} from "../../../../src/adapters/postgres/embedded/runtime-folder.ts";

const isRoot = process.getuid?.() === 0;

let folder: string;
let copy: Binaries;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "embedded-binaries-"));
  await chmod(folder, 0o755);
  const { root, version, links } = await findBinaries();
  const private_ = join(folder, "private");
  await mkdir(private_, { mode: 0o700 });
  await cp(root, join(private_, "native"), { recursive: true, verbatimSymlinks: true });
  for (const { name } of links) await rm(join(private_, "native/lib", name), { force: true });
  copy = await readBinaries(join(private_, "native"), version);
});

afterAll(() => rm(folder, { recursive: true, force: true }));

/** Makes a database with the copied programs, which proves them. */
async function proves(binaries: Binaries, parent: string, caches: readonly string[]): Promise<string> {
  const { account, maker } = await chooseAccount(parent, join(parent, "postgres"));
  const runtimeFolder = await makeRuntimeFolder(account);
  try {
    const programs = await reachablePrograms(binaries, account, runtimeFolder, caches);
    const { uid, gid } = await stat(parent);
    const place = { dataDir: parent, database: join(parent, "postgres"), owner: { uid, gid }, account };
    await createDatabase(place, programs, maker);
    return programs.postgres;
  } finally {
    await removeRuntimeFolder(runtimeFolder);
  }
}

test("links that npm was not allowed to make are laid by us", async () => {
  expect(copy.missingLinks.length).toBeGreaterThan(0);
  await chmod(join(folder, "private"), 0o755);
  const dataDir = join(folder, "data");
  await mkdir(dataDir, { mode: 0o700 });
  expect(await proves(copy, dataDir, [])).toBe(join(copy.root, "bin/postgres"));
});

test.runIf(isRoot)(
  "programs below a private folder are copied to where the user of the server reads",
  async () => {
    await chmod(join(folder, "private"), 0o700);
    const cache = join(folder, "cache");
    const [first, second] = [join(folder, "first"), join(folder, "second")];
    await mkdir(first, { mode: 0o700 });
    await mkdir(second, { mode: 0o700 });
    const used = await Promise.all([proves(copy, first, [cache]), proves(copy, second, [cache])]);
    expect(new Set(used).size).toBe(1);
    expect(used[0]).toContain(cache);
  },
);

test.runIf(isRoot)("a cache that others can write is not trusted", async () => {
  await chmod(join(folder, "private"), 0o700);
  const cache = join(folder, "open");
  await mkdir(cache);
  await chmod(cache, 0o777);
  const dataDir = join(folder, "third");
  await mkdir(dataDir, { mode: 0o700 });
  await expect(proves(copy, dataDir, [cache])).rejects.toThrow(/not a folder that root alone can write/);
});
