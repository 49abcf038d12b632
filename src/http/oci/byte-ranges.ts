import { randomBytes } from "node:crypto";
import type { Writable } from "node:stream";
import type { BlobReader, BlobStorage, ByteRange, StoredBlob } from "../../registry/ports/index.ts";

export const BLOB_TYPE = "application/octet-stream";

/** Several ranges of a blob as one body (RFC 9110 section 14.6). */
export interface MultipartRanges {
  readonly contentType: string;
  readonly body: BlobReader;
}

interface Part {
  readonly head: Buffer;
  readonly range: ByteRange;
}

/** Opens the first range, so that a blob that cannot be read is known before the answer begins. */
export async function openMultipart(
  storage: Pick<BlobStorage, "read">,
  blob: StoredBlob,
  ranges: readonly ByteRange[],
): Promise<MultipartRanges> {
  const boundary = randomBytes(16).toString("hex");
  const parts = ranges.map((range, at) => ({ range, head: headOf(boundary, at, range, blob.size) }));
  const first = await storage.read(blob.key, blob.size, ranges[0]);
  return {
    contentType: `multipart/byteranges; boundary=${boundary}`,
    body: new MultipartReader(storage, blob, parts, Buffer.from(`\r\n--${boundary}--\r\n`), first),
  };
}

function headOf(boundary: string, at: number, { start, end }: ByteRange, size: number): Buffer {
  const delimiter = `${at === 0 ? "" : "\r\n"}--${boundary}\r\n`;
  return Buffer.from(
    `${delimiter}Content-Type: ${BLOB_TYPE}\r\nContent-Range: bytes ${start}-${end}/${size}\r\n\r\n`,
  );
}

/** Reads what it sends and no more, one range after the other. */
class MultipartReader implements BlobReader {
  readonly size: number;
  readonly #storage: Pick<BlobStorage, "read">;
  readonly #blob: StoredBlob;
  readonly #parts: readonly Part[];
  readonly #end: Buffer;
  #first: BlobReader | undefined;

  constructor(
    storage: Pick<BlobStorage, "read">,
    blob: StoredBlob,
    parts: readonly Part[],
    end: Buffer,
    first: BlobReader,
  ) {
    this.#storage = storage;
    this.#blob = blob;
    this.#parts = parts;
    this.#end = end;
    this.#first = first;
    this.size = parts.reduce((sum, part) => sum + part.head.length + lengthOf(part.range), end.length);
  }

  async copyTo(sink: Writable): Promise<void> {
    for (const { head, range } of this.#parts) {
      const { key, size } = this.#blob;
      const reader = this.#first ?? (await this.#storage.read(key, size, range));
      this.#first = undefined;
      send(sink, head, reader);
      await reader.copyTo(sink);
    }
    send(sink, this.#end);
  }

  close(): void {
    this.#first?.close();
    this.#first = undefined;
  }
}

export function lengthOf({ start, end }: ByteRange): number {
  return end - start + 1;
}

/** A few bytes, which need no backpressure. A stream that is gone would fail after anybody listens. */
function send(sink: Writable, bytes: Buffer, reader?: BlobReader): void {
  if (!sink.destroyed) {
    sink.write(bytes);
    return;
  }
  reader?.close();
  const error = new Error("the receiver closed before all bytes were written");
  throw Object.assign(error, { code: "ERR_STREAM_PREMATURE_CLOSE" });
}
