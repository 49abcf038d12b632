import { access, constants, statfs, unlink } from "node:fs/promises";
import { join } from "node:path";
import { LRUCache } from "lru-cache";
import type {
  AttemptTarget,
  BlobReader,
  BlobStorage,
  ByteRange,
  CompletedObject,
  UploadAttempt,
  UploadContent,
} from "../../registry/ports/blob-storage.ts";
import { openExisting } from "./confirmed-prefix.ts";
import { errnoOf, fd, writeAll } from "./descriptor.ts";
import { Layout } from "./layout.ts";
import { FileReader, MemoryReader, readWhole } from "./reader.ts";
import { beginUpload, type UploadShare } from "./upload.ts";

export interface FilesystemStorageOptions {
  /** Holds the objects, one file each; made when missing. Processes of one host may share it. */
  readonly directory: string;
  /** Upload memory of the process; above it uploads go at the disk's pace. */
  readonly bufferBudgetBytes?: number;
}

/** The one file that belongs to no blob. */
export const PROBE_FILE = ".probe";
/** Bytes without which a disk counts as full: a probe of a few bytes finds room where no layer does. */
const ROOM_MIN = 16 * 1024 * 1024;
const DEFAULT_BUDGET = 64 * 1024 * 1024;
/** Blobs up to this size, configurations most of all, are kept in memory once they were read: to open a file costs more. */
const SMALL_BLOB = 128 * 1024;
const SMALL_BLOBS_BYTES = 32 * 1024 * 1024;

export async function openFilesystemStorage(options: FilesystemStorageOptions): Promise<BlobStorage> {
  const layout = new Layout(options.directory);
  await layout.prepare();
  return new FilesystemStorage(layout, options.bufferBudgetBytes ?? DEFAULT_BUDGET);
}

/** Objects are files at their final path from the first byte; to complete one is to name it. */
class FilesystemStorage implements BlobStorage {
  readonly name = "filesystem";
  readonly #layout: Layout;
  readonly #share: UploadShare;
  readonly #smallBlobs = new LRUCache<string, Buffer>({
    maxSize: SMALL_BLOBS_BYTES,
    sizeCalculation: (bytes) => bytes.length + 200,
  });

  constructor(layout: Layout, bufferBudgetBytes: number) {
    this.#layout = layout;
    this.#share = { layout, bufferBudgetBytes, buffered: 0, earlySyncs: 0 };
  }

  begin(target: AttemptTarget): Promise<UploadAttempt> {
    return beginUpload(this.#share, target);
  }

  isComplete(content: UploadContent): boolean {
    return content.key !== undefined;
  }

  async complete(content: UploadContent): Promise<CompletedObject> {
    if (content.key === undefined) throw new Error("an upload session on the filesystem always has a key");
    return { key: content.key, garbage: [], content };
  }

  keysOf(content: UploadContent): readonly string[] {
    return content.key === undefined ? [] : [content.key];
  }

  async read(key: string, size: number, range?: ByteRange): Promise<BlobReader> {
    const start = range?.start ?? 0;
    const length = range === undefined ? size : range.end - start + 1;
    if (size <= SMALL_BLOB) {
      const known = this.#smallBlobs.get(key);
      const bytes = known?.length === size ? known : await this.#readSmall(key, size);
      return new MemoryReader(length === size ? bytes : bytes.subarray(start, start + length));
    }
    return new FileReader(key, await openExisting(this.#layout, key, "r"), start, length);
  }

  async #readSmall(key: string, size: number): Promise<Buffer> {
    const bytes = await readWhole(key, await openExisting(this.#layout, key, "r"), size);
    // A key is never used again and its bytes never change, so an entry is never wrong; a session that has been read back
    // may make more of them.
    this.#smallBlobs.set(key, bytes);
    return bytes;
  }

  async delete(key: string): Promise<void> {
    this.#smallBlobs.delete(key);
    await unlink(this.#layout.pathOf(key)).catch((error: unknown) => {
      if (errnoOf(error) !== "ENOENT") throw error;
    });
  }

  async presign(): Promise<undefined> {
    return undefined;
  }

  async check(): Promise<void> {
    await access(this.#layout.root, constants.R_OK | constants.X_OK);
  }

  async checkWrites(): Promise<void> {
    const { bavail, bsize, files, ffree } = await statfs(this.#layout.root);
    if (bavail * bsize < ROOM_MIN || (files > 0 && ffree === 0)) {
      throw Object.assign(new Error("the disk has no room"), { code: "ENOSPC" });
    }
    // One name for all processes: those that are killed here leave no more than one file behind.
    const probe = join(this.#layout.root, PROBE_FILE);
    const descriptor = await fd.open(probe, "w", 0o600);
    try {
      await writeAll(descriptor, [Buffer.from("probe")], 0);
      await fd.fsync(descriptor);
    } finally {
      await fd.close(descriptor);
      await unlink(probe).catch(() => undefined);
    }
  }

  bufferedBytes(): number {
    return this.#share.buffered;
  }

  close(): Promise<void> {
    return this.#layout.close();
  }
}
