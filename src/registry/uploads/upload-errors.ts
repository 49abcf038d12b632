import { RegistryError } from "../errors.ts";
import type { RepositoryName } from "../names.ts";

export function uploadUnknown(id: string): RegistryError {
  return new RegistryError(
    "BLOB_UPLOAD_UNKNOWN",
    `there is no upload session ${id}: it was completed, cancelled or expired`,
    {
      detail: { uploadId: id },
    },
  );
}

/** With the true size: a chunk out of order, or an attempt that a later one has fenced off. */
export function wrongOffset(name: RepositoryName, id: string, size: number, why: string): RegistryError {
  return new RegistryError("RANGE_INVALID", `${why}; the session has ${size} bytes`, {
    detail: { size },
    facts: { upload: { name, id, size } },
  });
}

export function digestMismatch(wanted: string, found: string): RegistryError {
  return new RegistryError(
    "DIGEST_INVALID",
    `the content has digest ${found}, not ${wanted} as the request says`,
    {
      detail: { wanted, found },
    },
  );
}
