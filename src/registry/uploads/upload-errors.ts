import { RegistryError } from "../errors.ts";
import type { UploadAddress } from "../ports/index.ts";

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
export function wrongOffset(
  { scope: { account }, name, id }: UploadAddress,
  size: number,
  why: string,
): RegistryError {
  return new RegistryError("RANGE_INVALID", `${why}; the session has ${size} bytes`, {
    detail: { size },
    facts: { upload: { account, name, id, size } },
  });
}

export function digestMismatch(wanted: string, found: string): RegistryError {
  return new RegistryError(
    "DIGEST_MISMATCH",
    `the content has digest ${found}, not ${wanted} as the request says`,
    {
      detail: { wanted, found },
    },
  );
}
