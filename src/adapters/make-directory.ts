import { chmod, mkdir, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";

/**
 * Makes a folder of that mode, and its parents where they are missing; one that exists is left as it is. Node's own
 * recursive `mkdir` never ends where a file system takes no folders and says that they do not exist, as /proc does.
 * @returns whether it was made
 * @throws Error of the file system
 */
export async function makeDirectory(path: string, mode: number): Promise<boolean> {
  try {
    await mkdir(path, { mode });
    await chmod(path, mode);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EEXIST" && (await stat(path)).isDirectory()) return false;
    const parent = dirname(resolve(path));
    if (code !== "ENOENT" || !(await makeDirectory(parent, mode))) throw error;
    return makeDirectory(path, mode);
  }
}
