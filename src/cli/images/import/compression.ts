/** How a tar is packed; `other` is what no registry's layer is (bzip2, xz). */
export type Compression = "tar" | "gzip" | "zstd" | "other";

const MAGIC: readonly (readonly [Compression, readonly number[]])[] = [
  ["gzip", [0x1f, 0x8b]],
  ["zstd", [0x28, 0xb5, 0x2f, 0xfd]],
  ["other", [0x42, 0x5a, 0x68]],
  ["other", [0xfd, 0x37, 0x7a, 0x58, 0x5a]],
];

/** Judged by the first bytes of a file. */
export function compressionOf(head: Buffer): Compression {
  const found = MAGIC.find(([, magic]) => magic.every((byte, position) => head[position] === byte));
  return found?.[0] ?? "tar";
}

/** Whether the first 512 bytes begin a tar: a header with its magic, or nothing but zeros (the empty layer). */
export function looksLikeTar(head: Buffer): boolean {
  return (
    head.toString("latin1", 257, 262) === "ustar" || (head.length === 512 && head.every((byte) => byte === 0))
  );
}
