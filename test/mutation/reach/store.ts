import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

/** What one test file calls, and how long it takes. */
export interface Reached {
  readonly milliseconds: number;
  /** Whether it passes without any change. */
  readonly passed: boolean;
  /** Ids of functions, and of those of the schema; none of a test that judges nothing, since it does not pass. */
  readonly functions: readonly string[];
}

/** Grows with what is kept of a test. */
const VERSION = 3;

/**
 * What tests were found to call, by path and content: one folder for all work trees of the repository, which a new
 * installation of packages leaves alone.
 */
export class ReachStore {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  static async open(): Promise<ReachStore> {
    const args = ["rev-parse", "--path-format=absolute", "--git-common-dir"];
    const { stdout } = await promisify(execFile)("git", args);
    const folder = join(stdout.trim(), `berth-mutation/reach-${VERSION}`);
    await mkdir(folder, { recursive: true });
    return new ReachStore(folder);
  }

  async find(test: string): Promise<Reached | undefined> {
    const text = await readFile(await this.#fileOf(test), "utf8").catch(() => undefined);
    return text === undefined ? undefined : JSON.parse(text);
  }

  async keep(test: string, reached: Reached): Promise<void> {
    const file = await this.#fileOf(test);
    await writeFile(`${file}.${process.pid}`, JSON.stringify(reached));
    await rename(`${file}.${process.pid}`, file);
  }

  async #fileOf(test: string): Promise<string> {
    const digest = createHash("sha256")
      .update(test)
      .update(await readFile(test))
      .digest("hex");
    return join(this.#folder, `${digest.slice(0, 32)}.json`);
  }
}
