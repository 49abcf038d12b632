import { randomBytes } from "node:crypto";
import { Writable } from "node:stream";
import { setImmediate as turn } from "node:timers/promises";
import type {
  BlobStorage,
  ByteRange,
  FinishedAttempt,
  UploadAttempt,
  UploadContent,
} from "../../../src/registry/ports/blob-storage.ts";

export const MiB = 1024 * 1024;

/** A key like the domain's. */
export function newKey(): string {
  const hex = randomBytes(17).toString("hex");
  return `${hex.slice(0, 2)}/${hex.slice(2)}`;
}

/** An attempt with the key that it was given. */
export interface Begun {
  readonly attempt: UploadAttempt;
  readonly key: string;
  /** False when a later attempt has begun. */
  confirm(finished: FinishedAttempt): boolean;
}

/** What the row of an upload session does for its attempts, in memory. */
export class Session {
  content: UploadContent | undefined;
  /** Keys queued for deletion. */
  readonly garbage: string[] = [];
  readonly #storage: BlobStorage;
  #version = 0;
  #reserved = 0;
  #attemptKey: string | undefined;

  constructor(storage: BlobStorage) {
    this.#storage = storage;
  }

  async begin(): Promise<Begun> {
    const key = newKey();
    const version = ++this.#version;
    const takeover = this.#attemptKey !== undefined;
    if (this.#attemptKey !== undefined) this.garbage.push(this.#attemptKey);
    this.#attemptKey = key;
    const content = this.content;
    const attempt = await this.#storage.begin({
      ...{ content, attemptKey: key, takeover },
      fence: this.#fence(version),
    });
    const confirm = (finished: FinishedAttempt): boolean => {
      if (version !== this.#version) return false;
      // The row keeps JSON.
      this.content = JSON.parse(JSON.stringify(finished.content)) as UploadContent;
      this.garbage.push(...finished.garbage);
      this.#attemptKey = undefined;
      return true;
    };
    return { attempt, key, confirm };
  }

  /** One request: an attempt that writes `bytes` in chunks and is confirmed. */
  async append(bytes: Buffer, chunkSize = 64 * 1024): Promise<void> {
    const { attempt, confirm } = await this.begin();
    await pour(attempt, bytes, chunkSize);
    confirm(await attempt.finish());
  }

  async complete(): Promise<string> {
    if (this.content === undefined) throw new Error("nothing was appended");
    const fence = this.#fence(++this.#version);
    const { key, garbage, content } = await this.#storage.complete(this.content, fence);
    this.garbage.push(...garbage);
    this.content = content;
    return key;
  }

  #fence(version: number) {
    return {
      firstPart: this.#reserved + 1,
      reserve: async (part: number): Promise<void> => {
        await turn();
        if (version !== this.#version) throw new Error("fenced");
        this.#reserved = Math.max(this.#reserved, part);
      },
    };
  }
}

export async function pour(attempt: UploadAttempt, bytes: Buffer, chunkSize = 64 * 1024): Promise<void> {
  for (let at = 0; at < bytes.length; at += chunkSize)
    await attempt.write(bytes.subarray(at, at + chunkSize));
}

export async function readAll(
  storage: BlobStorage,
  key: string,
  size: number,
  range?: ByteRange,
): Promise<Buffer> {
  const chunks: Buffer[] = [];
  const sink = new Writable({
    write(chunk: Buffer, _encoding, done) {
      // Readers reuse their buffers once the chunk is done with.
      chunks.push(Buffer.from(chunk));
      done();
    },
  });
  const reader = await storage.read(key, size, range);
  await reader.copyTo(sink);
  return Buffer.concat(chunks);
}

/** The store's one object with these bytes. */
export async function store(storage: BlobStorage, bytes: Buffer): Promise<string> {
  const session = new Session(storage);
  await session.append(bytes);
  return await session.complete();
}
