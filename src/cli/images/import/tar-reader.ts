import { Readable, type Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip, createZstdDecompress } from "node:zlib";
import { type Extract, extract } from "tar-stream";
import { type Chunks, peek } from "../chunks.ts";
import { ImageError, quote } from "../errors.ts";
import { CHUNK, ENTRIES_MAX, ENTRY_NAME_MAX } from "../limits.ts";
import { compressionOf } from "./compression.ts";

type Entry = Extract extends AsyncIterable<infer E> ? E : never;

/** A file of the tar. Its bytes can be read while it is the current entry; what is left unread is skipped. */
export interface TarFile {
  readonly kind: "file";
  /** Relative to the archive's root, without `.` and `..`. */
  readonly name: string;
  readonly size: number;
  readonly chunks: Chunks;
}

/** A symbolic or hard link to another entry. */
export interface TarLink {
  readonly kind: "link";
  readonly name: string;
  readonly target: string;
}

/**
 * Files and links of a tar, which itself may be compressed with gzip or zstd, in their order. Nothing is written to
 * disk, but names that leave the archive are refused all the same: such a tar was made to harm.
 * @throws ImageError when the tar is cut short, damaged or hostile
 */
export async function* readTar(source: Readable): AsyncGenerator<TarFile | TarLink> {
  const { head, chunks } = await peek(source as Chunks, 512);
  const tar = extract();
  const end = new AbortController();
  const { signal } = end;
  // The error reaches the loop below through the tar stream; the promise would be a second, unhandled one.
  const feeding = pipeline([Readable.from(chunks, { objectMode: false }), ...decompressor(head), tar], {
    signal,
  });
  const fed = feeding.catch((error: unknown) => error);
  try {
    let entries = 0;
    for await (const entry of tar) {
      if (++entries > ENTRIES_MAX) throw new ImageError(`the tar has more than ${ENTRIES_MAX} entries`);
      const read = describe(entry);
      if (read !== undefined) yield read;
      entry.resume();
    }
    const failure = await fed;
    if (failure !== undefined) throw failure;
  } catch (error) {
    throw explain(error);
  } finally {
    end.abort();
    source.destroy();
  }
}

function decompressor(head: Buffer): readonly Transform[] {
  if (head.length === 0) throw new ImageError("the tar is empty");
  switch (compressionOf(head)) {
    case "gzip":
      return [createGunzip({ chunkSize: CHUNK })];
    case "zstd":
      return [createZstdDecompress({ chunkSize: CHUNK })];
    case "tar":
      return [];
    default:
      throw new ImageError("the tar is compressed with bzip2 or xz; decompress it first");
  }
}

function describe(entry: Entry): TarFile | TarLink | undefined {
  const { name, type, size = 0, linkname } = entry.header;
  switch (type) {
    case "file":
    case "contiguous-file":
      if (!Number.isSafeInteger(size)) throw new ImageError(`the entry ${quote(name)} has no possible size`);
      return {
        kind: "file",
        name: inside(name, ""),
        size,
        chunks: bytesOf(entry),
      };
    case "link":
      return { kind: "link", name: inside(name, ""), target: inside(linkname ?? "", "") };
    case "symlink":
      return {
        kind: "link",
        name: inside(name, ""),
        target: inside(linkname ?? "", folderOf(inside(name, ""))),
      };
    default:
      inside(name, "");
      return undefined;
  }
}

function folderOf(name: string): string {
  return name.slice(0, name.lastIndexOf("/") + 1);
}

/** Whoever reads an entry meets the failures of the tar first. */
async function* bytesOf(entry: Entry): AsyncGenerator<Buffer> {
  try {
    yield* entry as AsyncIterable<unknown> as Chunks;
  } catch (error) {
    throw explain(error);
  }
}

/** `name` relative to `folder`, as a path from the archive's root. */
function inside(name: string, folder: string): string {
  const hostile = (why: string) => new ImageError(`the tar has an entry named ${quote(name)}, ${why}`);
  if (name.length > ENTRY_NAME_MAX) throw hostile(`which is longer than ${ENTRY_NAME_MAX} characters`);
  if (name.startsWith("/") || name.includes("\0")) throw hostile("which is outside of the archive");
  // Only links may go up, and no further than the root.
  const parts: string[] = [];
  for (const part of `${folder}${name}`.split("/")) {
    if (part === "" || part === ".") continue;
    if (part !== "..") parts.push(part);
    else if (folder === "" || parts.pop() === undefined) throw hostile("which leaves the archive");
  }
  return parts.join("/");
}

function explain(error: unknown): unknown {
  if (error instanceof ImageError) return error;
  const { message, code } = error as NodeJS.ErrnoException;
  if (
    message === "Unexpected end of data" ||
    code === "Z_BUF_ERROR" ||
    /unexpected end of file/.test(message)
  ) {
    return new ImageError("the tar is cut short: it ends inside an entry; nothing was tagged", {
      cause: error,
    });
  }
  if (
    /^(?:Invalid|Header)/.test(message) ||
    code?.startsWith("Z_") ||
    code?.startsWith("ERR_ZSTD") ||
    code?.startsWith("ZSTD")
  ) {
    return new ImageError(`the tar is damaged, or no tar: ${message}`, { cause: error });
  }
  return error;
}
