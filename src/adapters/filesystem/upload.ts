import { unlink } from "node:fs/promises";
import type {
  AttemptTarget,
  Fence,
  FinishedAttempt,
  UploadAttempt,
} from "../../registry/ports/blob-storage.ts";
import { BATCH, type Batch, ChunkList } from "./chunk-list.ts";
import { copyPrefix, openToAppend } from "./confirmed-prefix.ts";
import { closeQuietly, fd, writeAll } from "./descriptor.ts";
import type { Layout } from "./layout.ts";

const SYNC_EVERY = 32 * 1024 * 1024;
const RESERVE_EVERY = 64 * 1024 * 1024;
/** Syncs that run beside writing, of all uploads: each occupies a thread that reads need too. */
const EARLY_SYNCS_MAX = 2;

/** What the uploads of one storage share. */
export interface UploadShare {
  readonly layout: Layout;
  /** Above this many buffered bytes every write waits for the disk. */
  readonly bufferBudgetBytes: number;
  buffered: number;
  earlySyncs: number;
}

/** The file that an attempt writes to, with `size` confirmed bytes in it. */
interface OpenFile {
  readonly descriptor: number;
  readonly key: string;
  readonly isNew: boolean;
  readonly size: number;
  readonly replaces: readonly string[];
}

/** Opens an attempt. On failure nothing stays behind. */
export async function beginUpload(share: UploadShare, target: AttemptTarget): Promise<UploadAttempt> {
  try {
    return new FileUpload(share, await openFile(share.layout, target), target.fence);
  } catch (error) {
    await unlink(share.layout.pathOf(target.attemptKey)).catch(() => undefined);
    throw error;
  }
}

async function openFile(layout: Layout, { content, attemptKey, takeover }: AttemptTarget): Promise<OpenFile> {
  if (content?.key === undefined) {
    return {
      descriptor: await layout.create(attemptKey),
      key: attemptKey,
      isNew: true,
      size: 0,
      replaces: [],
    };
  }
  const { key, size } = content;
  if (!takeover) {
    return { descriptor: await openToAppend(layout, key, size), key, isNew: false, size, replaces: [] };
  }
  const descriptor = await copyPrefix(layout, key, size, attemptKey);
  return { descriptor, key: attemptKey, isNew: true, size, replaces: [key] };
}

/** Appends to one file, a batch on its way to the disk while the next one gathers. */
class FileUpload implements UploadAttempt {
  readonly #share: UploadShare;
  readonly #file: OpenFile;
  readonly #fence: Fence;
  readonly #gathered = new ChunkList();
  #size: number;
  #syncedSize: number;
  #reservedSize: number;
  /** The latest batch; stays rejected once one has failed. */
  #writing: Promise<void> = Promise.resolve();
  /** The latest early sync; stays rejected once one has failed. */
  #syncing: Promise<void> = Promise.resolve();
  #isSyncing = false;
  #state: "open" | "finished" | "aborted" = "open";

  constructor(share: UploadShare, file: OpenFile, fence: Fence) {
    this.#share = share;
    this.#file = file;
    this.#fence = fence;
    this.#size = file.size;
    this.#syncedSize = file.size;
    this.#reservedSize = file.size;
  }

  async write(chunk: Buffer): Promise<void> {
    this.#mustBeOpen();
    if (chunk.length === 0) return;
    const { buffered, bufferBudgetBytes } = this.#share;
    const before = this.#gathered.memory;
    this.#gathered.push(chunk, buffered + 2 * BATCH < bufferBudgetBytes);
    this.#share.buffered += this.#gathered.memory - before;
    const tight = this.#share.buffered > bufferBudgetBytes;
    if (this.#gathered.size < BATCH && !tight) return;
    await this.#flush();
    if (tight) await this.#writing;
  }

  async finish(): Promise<FinishedAttempt> {
    this.#mustBeOpen();
    await this.#flush();
    await this.#writing;
    await this.#syncing;
    const { descriptor, isNew, key, size, replaces } = this.#file;
    if (isNew) await Promise.all([fd.fdatasync(descriptor), this.#share.layout.syncFolder(key)]);
    else if (this.#size > size) await fd.fdatasync(descriptor);
    this.#mustBeOpen();
    this.#state = "finished";
    closeQuietly(descriptor);
    return { content: { size: this.#size, key }, garbage: replaces };
  }

  async abort(): Promise<void> {
    if (this.#state !== "open") return;
    this.#state = "aborted";
    const { memory, release } = this.#gathered.take();
    this.#share.buffered -= memory;
    release();
    await Promise.allSettled([this.#writing, this.#syncing]);
    const { descriptor, isNew, key, size } = this.#file;
    // Gives the space back early; the key is queued for deletion, and the next attempt truncates, all the same.
    if (isNew) await unlink(this.#share.layout.pathOf(key)).catch(() => undefined);
    else await fd.ftruncate(descriptor, size).catch(() => undefined);
    closeQuietly(descriptor);
  }

  /** Starts to write what has gathered as soon as the batch before is written. */
  async #flush(): Promise<void> {
    await this.#writing;
    this.#mustBeOpen();
    if (this.#gathered.size === 0) return;
    this.#writing = this.#writeBatch(this.#gathered.take());
    this.#writing.catch(() => undefined);
  }

  async #writeBatch({ chunks, size, memory, release }: Batch): Promise<void> {
    try {
      await this.#stayAlive();
      await writeAll(this.#file.descriptor, chunks, this.#size);
      this.#size += size;
    } finally {
      this.#share.buffered -= memory;
      release();
    }
    if (this.#size - this.#syncedSize >= SYNC_EVERY && !this.#isSyncing) this.#syncEarly();
  }

  /** A file has no parts: any number serves to mark the session alive, and to learn that it was taken over. */
  async #stayAlive(): Promise<void> {
    if (this.#size - this.#reservedSize < RESERVE_EVERY) return;
    await this.#fence.reserve(this.#fence.firstPart);
    this.#reservedSize = this.#size;
  }

  /** Lets the disk work while more bytes come, so that the last sync has little left to do. */
  #syncEarly(): void {
    if (this.#share.earlySyncs >= EARLY_SYNCS_MAX) return;
    this.#share.earlySyncs++;
    this.#isSyncing = true;
    this.#syncedSize = this.#size;
    this.#syncing = fd
      .fdatasync(this.#file.descriptor)
      .then(() => {
        this.#isSyncing = false;
      })
      .finally(() => {
        this.#share.earlySyncs--;
      });
    this.#syncing.catch(() => undefined);
  }

  #mustBeOpen(): void {
    if (this.#state !== "open") throw new Error(`this upload attempt is ${this.#state} already`);
  }
}
