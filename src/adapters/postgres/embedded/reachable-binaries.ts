import { constants } from "node:fs";
import { chmod, copyFile, lstat, mkdir, mkdtemp, readdir, rename, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import type { Account } from "./account.ts";
import { type Binaries, readBinaries } from "./binaries.ts";
import { EmbeddedPostgresError, messageOf } from "./errors.ts";
import { run } from "./run.ts";
import { layLinks } from "./runtime-folder.ts";

/** Programs that the account can run, and the environment to run them in. */
export interface Programs {
  readonly initdb: string;
  readonly postgres: string;
  readonly environment: NodeJS.ProcessEnv;
}

/** Where a copy for another user may lie, best first. */
const CACHES: readonly string[] = [
  "/var/cache/berth",
  "/var/lib/berth-cache",
  join(tmpdir(), "berth-root-cache"),
];

/**
 * What the account can run as it is, else a copy in a cache that only root can write.
 * @throws EmbeddedPostgresError when it can run neither
 */
export async function reachablePrograms(
  binaries: Binaries,
  account: Account | undefined,
  runtimeFolder: string,
  caches = CACHES,
): Promise<Programs> {
  const programs = await programsOf(binaries, runtimeFolder);
  const problem = await tryProgram(programs, account);
  if (problem === undefined) return programs;
  if (account === undefined) {
    throw new EmbeddedPostgresError(`${programs.postgres} does not run (${problem}); set BERTH_DATABASE_URL`);
  }
  const problems = [problem];
  for (const cache of caches) {
    try {
      const copied = await programsOf(await cachedCopy(binaries, cache), runtimeFolder);
      const fault = await tryProgram(copied, account);
      if (fault === undefined) return copied;
      problems.push(fault);
    } catch (error) {
      problems.push(messageOf(error));
    }
  }
  throw new EmbeddedPostgresError(
    `user id ${account.uid} cannot run PostgreSQL's programs in ${binaries.root}, nor a copy of them ` +
      `(${problems.join("; ")}): install Berth where that user can read it, or set BERTH_DATABASE_URL`,
  );
}

async function programsOf(binaries: Binaries, runtimeFolder: string): Promise<Programs> {
  const links = binaries.missingLinks;
  return {
    initdb: join(binaries.root, "bin/initdb"),
    postgres: join(binaries.root, "bin/postgres"),
    environment: {
      PATH: "/usr/local/bin:/usr/bin:/bin",
      LC_ALL: "C",
      ...(links.length > 0 && {
        LD_LIBRARY_PATH: `${await layLinks(runtimeFolder, links)}:${join(binaries.root, "lib")}`,
      }),
    },
  };
}

async function tryProgram(programs: Programs, account: Account | undefined): Promise<string | undefined> {
  const options = { cwd: "/", account, env: programs.environment };
  const { code, output } = await run(programs.postgres, ["--version"], options);
  return code === 0 ? undefined : output || `code ${code}`;
}

/** The copy of this version; made under another name first, so that starters who race find a whole one. */
async function cachedCopy(binaries: Binaries, cache: string): Promise<Binaries> {
  await mkdir(cache, { recursive: true, mode: 0o755 });
  await assertOnlyRootWrites(cache);
  const place = join(cache, `postgres-${binaries.version}-${process.arch}`);
  if (!(await exists(place))) {
    const temporary = await mkdtemp(`${place}.new-`);
    try {
      await copyTree(binaries.root, temporary);
      for (const { name, target } of binaries.links) {
        await symlink(basename(target), join(temporary, "lib", name)).catch(() => undefined);
      }
      // A power cut must not leave a copy with its name but without its bytes.
      await run("sync", ["-f", temporary], { cwd: "/", account: undefined, env: process.env });
      await rename(temporary, place);
    } catch (error) {
      await rm(temporary, { recursive: true, force: true });
      if (!(await exists(place))) throw error;
    }
  }
  await assertOnlyRootWrites(place);
  return readBinaries(place, binaries.version);
}

async function copyTree(from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true });
  await chmod(to, 0o755);
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) await copyTree(source, target);
    else if (entry.isFile() && !entry.name.endsWith(".a")) {
      await copyFile(source, target, constants.COPYFILE_FICLONE);
      await chmod(target, 0o755);
    }
  }
}

/** What others could write must not run with a database of ours in its hands. @throws Error saying which folder */
async function assertOnlyRootWrites(path: string): Promise<void> {
  const facts = await lstat(path);
  const sticky = (facts.mode & 0o1000) !== 0;
  if (!facts.isDirectory() || facts.uid !== 0 || ((facts.mode & 0o022) !== 0 && !sticky)) {
    throw new Error(`${path} is not a folder that root alone can write`);
  }
  if (path !== dirname(path)) await assertOnlyRootWrites(dirname(path));
}

async function exists(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}
