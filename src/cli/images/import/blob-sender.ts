import type { Transform } from "node:stream";
import { finished } from "node:stream/promises";
import { createGunzip, createZstdDecompress } from "node:zlib";
import { type Digest, digestAlgorithm, finishHash, newHash } from "../../../registry/digest.ts";
import { drain, writeTo } from "../chunks.ts";
import type { RegistryClient } from "../client/registry-client.ts";
import { ImageError, quote } from "../errors.ts";
import { CHUNK } from "../limits.ts";
import { type Progress, shortDigest } from "../progress.ts";
import type { StreamedFile } from "./catalog.ts";

/** A file of the tar that the registry now has. */
export interface SentFile {
  readonly digest: Digest;
  /** Digest of the uncompressed bytes; undefined when they were not looked at. */
  readonly diffId: Digest | undefined;
}

export interface Expectation {
  /** Known before: a blob that exists is not sent, one with other bytes is refused. */
  readonly digest?: Digest | undefined;
  /** Also compute the digest of the uncompressed bytes. */
  readonly diffId?: boolean;
}

/** Brings blobs into the repository, each at most once. */
export class BlobSender {
  readonly #client: RegistryClient;
  readonly #progress: Progress;
  /** What the registry is known to have. */
  readonly #present = new Set<Digest>();
  uploaded = 0;
  uploadedBytes = 0;
  skipped = 0;

  constructor(client: RegistryClient, progress: Progress) {
    this.#client = client;
    this.#progress = progress;
  }

  /** Whether the registry has a blob, by what was sent or by asking. */
  async has(digest: Digest): Promise<boolean> {
    if (this.#present.has(digest)) return true;
    const found = await this.#client.hasBlob(digest);
    if (found) {
      this.skipped++;
      this.#progress.skip(shortDigest(digest), "exists");
      this.#present.add(digest);
    }
    return found;
  }

  /** Sends a file while the tar passes by. @throws ImageError when its bytes are not what was expected */
  async sendFile(file: StreamedFile, expected: Expectation): Promise<SentFile> {
    if (expected.digest !== undefined && (await this.has(expected.digest))) {
      await drain(file.chunks);
      return { digest: expected.digest, diffId: file.compression === "tar" ? expected.digest : undefined };
    }
    const algorithm = expected.digest === undefined ? "sha256" : digestAlgorithm(expected.digest);
    const hash = newHash(algorithm);
    const inside = expected.diffId === true && file.compression !== "tar" ? new DiffHash(file) : undefined;
    const shown = this.#progress.start(
      expected.digest === undefined ? file.name : shortDigest(expected.digest),
    );
    const passing = async function* (): AsyncGenerator<Buffer> {
      for await (const chunk of file.chunks) {
        hash.update(chunk);
        await inside?.update(chunk);
        shown.add(chunk.length);
        yield chunk;
      }
      await inside?.end();
    };
    let digest: Digest | undefined;
    await this.#client.uploadBlob(passing(), () => {
      digest = finishHash(algorithm, hash);
      if (expected.digest !== undefined && expected.digest !== digest) {
        throw new ImageError(
          `the entry ${quote(file.name)} has bytes of digest ${digest}, not ${expected.digest}`,
        );
      }
      return digest;
    });
    if (digest === undefined) throw new Error("an upload ended without its digest");
    this.#sent(digest, file.size);
    shown.finish(shortDigest(digest));
    return { digest, diffId: file.compression === "tar" ? digest : inside?.diffId };
  }

  /** Sends bytes whose digest has been verified. */
  async sendBytes(digest: Digest, bytes: Buffer): Promise<void> {
    if (await this.has(digest)) return;
    const shown = this.#progress.start(shortDigest(digest));
    const once = async function* (): AsyncGenerator<Buffer> {
      shown.add(bytes.length);
      yield bytes;
    };
    await this.#client.uploadBlob(once(), () => digest);
    this.#sent(digest, bytes.length);
    shown.finish();
  }

  #sent(digest: Digest, size: number): void {
    this.#present.add(digest);
    this.uploaded++;
    this.uploadedBytes += size;
  }
}

/** The digest of what a compressed layer holds. */
class DiffHash {
  readonly #hash = newHash("sha256");
  readonly #unpacked: Transform;
  readonly #name: string;
  readonly #done: Promise<void>;
  diffId: Digest | undefined;

  constructor({ compression, name }: StreamedFile) {
    this.#name = name;
    const options = { chunkSize: CHUNK };
    this.#unpacked = compression === "zstd" ? createZstdDecompress(options) : createGunzip(options);
    this.#unpacked.on("data", (chunk: Buffer) => this.#hash.update(chunk));
    this.#done = finished(this.#unpacked);
    // Awaited in end(); without this a failure before that would count as unhandled.
    this.#done.catch(() => undefined);
  }

  async update(chunk: Buffer): Promise<void> {
    await writeTo(this.#unpacked, chunk).catch((error: Error) => this.#refuse(error));
  }

  async end(): Promise<void> {
    this.#unpacked.end();
    await this.#done.catch((error: Error) => this.#refuse(error));
    this.diffId = finishHash("sha256", this.#hash);
  }

  #refuse(error: Error): never {
    throw new ImageError(`the layer ${quote(this.#name)} cannot be unpacked: ${error.message}`, {
      cause: error,
    });
  }
}
