import { RegistryError } from "../errors.ts";
import type { RepositoryName } from "../names.ts";

/** The path of a session, for `Location` (distribution-spec end-4a). */
export function uploadPath(name: RepositoryName, id: string): string {
  return `/v2/${name}/blobs/uploads/${id}`;
}

/** `Range` of a session: inclusive, and `0-0` when it is empty, as every registry has it. */
export function uploadRange(size: number): string {
  return `0-${Math.max(0, size - 1)}`;
}

export function uploadUnknown(id: string): RegistryError {
  return new RegistryError(
    "BLOB_UPLOAD_UNKNOWN",
    `there is no upload session ${id}: it was completed, cancelled or expired`,
    {
      detail: { uploadId: id },
    },
  );
}

/** 416 with the true range: a chunk out of order, or an attempt that a later one has fenced off. */
export function wrongOffset(name: RepositoryName, id: string, size: number, why: string): RegistryError {
  return new RegistryError("RANGE_INVALID", `${why}; the session has ${size} bytes`, {
    detail: { size },
    headers: {
      Range: uploadRange(size),
      Location: uploadPath(name, id),
      "Docker-Upload-UUID": id,
    },
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
