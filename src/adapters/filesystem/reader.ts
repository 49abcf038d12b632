import type { Writable } from "node:stream";
import type { BlobReader } from "../../registry/ports/blob-storage.ts";
import { Sink } from "../sink.ts";
import { closeQuietly, readFully } from "./descriptor.ts";

const BUFFER = 512 * 1024;
/** Buffers kept for the next download. */
const SPARE_MAX = 16;

const spare: Buffer[] = [];

/** Reads `size` bytes from `start` of an open file, which it closes at the end. */
export class FileReader implements BlobReader {
  readonly size: number;
  readonly #key: string;
  readonly #descriptor: number;
  readonly #start: number;
  #state: "open" | "copying" | "closed" = "open";

  constructor(key: string, descriptor: number, start: number, size: number) {
    this.#key = key;
    this.#descriptor = descriptor;
    this.#start = start;
    this.size = size;
  }

  async copyTo(stream: Writable): Promise<void> {
    if (this.#state !== "open") throw new Error("this reader was used already");
    this.#state = "copying";
    const sink = new Sink(stream);
    try {
      if (this.size <= BUFFER) await this.#copyAtOnce(sink);
      else await this.#copyReadingAhead(sink);
    } finally {
      sink.release();
      this.#shut();
    }
  }

  close(): void {
    if (this.#state === "open") this.#shut();
  }

  async #copyAtOnce(sink: Sink): Promise<void> {
    if (this.size === 0) return;
    const buffer = Buffer.allocUnsafe(this.size);
    await this.#fill(buffer, 0);
    await sink.write(buffer);
  }

  /** While one buffer is being sent the other is being filled; each is refilled only after its write called back. */
  async #copyReadingAhead(sink: Sink): Promise<void> {
    let filling = borrow();
    let sending = borrow();
    let sent: Promise<void> = Promise.resolve();
    for (let at = 0; at < this.size; ) {
      const part = filling.subarray(0, Math.min(BUFFER, this.size - at));
      await this.#fill(part, at);
      await sent;
      sent = sink.write(part);
      // Awaited a turn later; until then its failure has nobody else.
      sent.catch(() => undefined);
      at += part.length;
      [filling, sending] = [sending, filling];
    }
    await sent;
    // Only now: after a failure the stream may still be holding a buffer.
    giveBack(filling, sending);
  }

  async #fill(target: Buffer, at: number): Promise<void> {
    const read = await readFully(this.#descriptor, target, this.#start + at);
    if (read === target.length) return;
    throw tooShort(this.#key, this.#start + at + read, this.#start + this.size);
  }

  #shut(): void {
    this.#state = "closed";
    closeQuietly(this.#descriptor);
  }
}

/** Bytes that are in memory. */
export class MemoryReader implements BlobReader {
  readonly size: number;
  readonly bytes: Buffer;

  constructor(bytes: Buffer) {
    this.size = bytes.length;
    this.bytes = bytes;
  }

  async copyTo(stream: Writable): Promise<void> {
    if (this.size === 0) return;
    const sink = new Sink(stream);
    try {
      await sink.write(this.bytes);
    } finally {
      sink.release();
    }
  }

  close(): void {}
}

/** The first `size` bytes of an open file, which it closes. @throws Error when the file has fewer */
export async function readWhole(key: string, descriptor: number, size: number): Promise<Buffer> {
  try {
    const bytes = Buffer.allocUnsafeSlow(size);
    const read = await readFully(descriptor, bytes, 0);
    if (read < size) throw tooShort(key, read, size);
    return bytes;
  } finally {
    closeQuietly(descriptor);
  }
}

function tooShort(key: string, end: number, expected: number): Error {
  return new Error(`object ${key} ends at ${end}, ${expected} bytes were expected`);
}

function borrow(): Buffer {
  return spare.pop() ?? Buffer.allocUnsafeSlow(BUFFER);
}

function giveBack(...buffers: Buffer[]): void {
  for (const buffer of buffers) if (spare.length < SPARE_MAX) spare.push(buffer);
}
