import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openFilesystemStorage } from "../../../src/adapters/filesystem/index.ts";
import { describeBlobStorage } from "./contract.ts";

describeBlobStorage("the filesystem", async () => {
  const directory = await mkdtemp(join(tmpdir(), "berth-blobs-"));
  return {
    open: (options) => openFilesystemStorage({ directory, ...options }),
    async stored(prefix) {
      const files = await readdir(directory, { recursive: true });
      return files.filter((file) => file.includes("/") && file.startsWith(prefix));
    },
    // The chunk that shows that the budget is used up.
    unbudgeted: 64 * 1024,
    abortsExactly: true,
    close: () => rm(directory, { recursive: true }),
  };
});
