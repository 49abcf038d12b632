import { join } from "node:path";
import { openFilesystemStorage } from "../adapters/filesystem/index.ts";
import { openS3Storage } from "../adapters/s3/index.ts";
import type { Config } from "../config.ts";
import { guardStorage } from "../registry/guarded-storage.ts";
import type { BlobStorage } from "../registry/ports/index.ts";
import { prepareDataDirectory } from "./data-directory.ts";

/** The blob storage that configuration names: a bucket, or files below the data directory. */
export async function openStorage(config: Config): Promise<BlobStorage> {
  if (config.s3 !== undefined) return guardStorage(await openS3Storage(config.s3));
  await prepareDataDirectory(config.dataDir);
  return guardStorage(await openFilesystemStorage({ directory: join(config.dataDir, "blobs") }));
}
