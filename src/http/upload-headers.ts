/** The path of a session, for `Location` (distribution-spec end-4a). */
export function uploadPath(name: string, id: string): string {
  return `/v2/${name}/blobs/uploads/${id}`;
}

/** What every answer says of a session. `Range` is inclusive, and `0-0` when it is empty, as every registry has it. */
export function uploadHeaders({
  name,
  id,
  size,
}: {
  readonly name: string;
  readonly id: string;
  readonly size: number;
}): { readonly Range: string; readonly Location: string; readonly "Docker-Upload-UUID": string } {
  return {
    Range: `0-${Math.max(0, size - 1)}`,
    Location: uploadPath(name, id),
    "Docker-Upload-UUID": id,
  };
}
