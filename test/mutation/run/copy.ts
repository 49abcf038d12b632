import { execFile } from "node:child_process";
import { chmod, cp, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

/** A copy of the checkout, whose files may be changed. */
export class Copy {
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  /** The files that Git knows or would take, as they are now; packages are those of the checkout. */
  static async make(): Promise<Copy> {
    const folder = await makeFolder();
    const args = ["ls-files", "--cached", "--others", "--exclude-standard", "-z"];
    const { stdout } = await promisify(execFile)("git", args, { maxBuffer: 64 << 20 });
    const files = stdout.split("\0").filter((file) => file !== "");
    await Promise.all(files.map((file) => cp(file, join(folder, file)).catch(ignoreDeleted)));
    await symlink(join(process.cwd(), "node_modules"), join(folder, "node_modules"));
    return new Copy(folder);
  }

  /** Another copy, of this one as it is now. */
  async again(): Promise<Copy> {
    const folder = await makeFolder();
    await cp(this.folder, folder, { recursive: true, verbatimSymlinks: true });
    return new Copy(folder);
  }

  read(file: string): Promise<string> {
    return readFile(join(this.folder, file), "utf8");
  }

  write(file: string, text: string): Promise<void> {
    return writeFile(join(this.folder, file), text);
  }

  remove(): Promise<void> {
    return rm(this.folder, { recursive: true, force: true });
  }
}

/** A folder that everybody may read: some tests run Berth as another user. */
async function makeFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "berth-mutation-"));
  await chmod(folder, 0o755);
  return folder;
}

/** A file that Git knows and that is deleted here has no copy. */
function ignoreDeleted(error: NodeJS.ErrnoException): void {
  if (error.code !== "ENOENT") throw error;
}
