import { randomUUID } from "node:crypto";
import { unlink } from "node:fs/promises";
import { join } from "node:path";
import type {
  AttemptTarget,
  BlobReader,
  BlobStorage,
  ByteRange,
  UploadAttempt,
  UploadContent,
} from "../../registry/ports/blob-storage.ts";
import { openExisting } from "./confirmed-prefix.ts";
import { errnoOf, fd, writeAll } from "./descriptor.ts";
import { Layout } from "./layout.ts";
import { FileReader } from "./reader.ts";
import { beginUpload, type UploadShare } from "./upload.ts";

export interface FilesystemStorageOptions {
  /** Holds the objects, one file each; made when missing. Processes of one host may share it. */
  readonly directory: string;
  /** Upload memory of the process; above it uploads go at the disk's pace. */
  readonly bufferBudgetBytes?: number;
}

const DEFAULT_BUDGET = 64 * 1024 * 1024;

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

  async complete(
    content: UploadContent,
  ): Promise<{ readonly key: string; readonly garbage: readonly string[] }> {
    if (content.key === undefined) throw new Error("an upload session on the filesystem always has a key");
    return { key: content.key, garbage: [] };
  }

  keysOf(content: UploadContent): readonly string[] {
    return content.key === undefined ? [] : [content.key];
  }

  async read(key: string, size: number, range?: ByteRange): Promise<BlobReader> {
    const descriptor = await openExisting(this.#layout, key, "r");
    const start = range?.start ?? 0;
    return new FileReader(key, descriptor, start, range === undefined ? size : range.end - start + 1);
  }

  async delete(key: string): Promise<void> {
    await unlink(this.#layout.pathOf(key)).catch((error: unknown) => {
      if (errnoOf(error) !== "ENOENT") throw error;
    });
  }

  async presign(): Promise<undefined> {
    return undefined;
  }

  async check(): Promise<void> {
    const probe = join(this.#layout.root, `.probe-${randomUUID()}`);
    const descriptor = await fd.open(probe, "wx", 0o600);
    try {
      await writeAll(descriptor, [Buffer.from("probe")], 0);
      await fd.fsync(descriptor);
    } finally {
      await fd.close(descriptor);
      await unlink(probe);
    }
  }

  bufferedBytes(): number {
    return this.#share.buffered;
  }

  async close(): Promise<void> {}
}
