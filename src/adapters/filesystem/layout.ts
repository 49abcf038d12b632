import { constants } from "node:fs";
import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { errnoOf, fd, syncDirectory } from "./descriptor.ts";

const { O_CREAT, O_EXCL, O_RDWR } = constants;
/** Folders kept open to be synced: as many as the two hex characters that begin a key can name. */
const FOLDERS_OPEN_MAX = 256;
const KEY = /^[a-z0-9-]+\/[a-z0-9-]+$/;

/** Where keys are: `<root>/<key>`, one level of folders, all of it private to the owner. */
export class Layout {
  readonly root: string;
  /** Folders whose own entry is known to be durable. */
  readonly #durable = new Set<string>();
  /** Descriptors of folders: the sync of one is then one call, not three. */
  readonly #open = new Map<string, Promise<number>>();

  constructor(root: string) {
    this.root = root;
  }

  /** Makes the root with everything above it that is missing. */
  async prepare(): Promise<void> {
    const made = await mkdir(this.root, { recursive: true, mode: 0o700 });
    if (made === undefined) return;
    for (let folder = this.root; ; folder = dirname(folder)) {
      await syncDirectory(dirname(folder));
      if (folder === made) return;
    }
  }

  pathOf(key: string): string {
    if (!KEY.test(key)) throw new Error(`not a storage key: ${JSON.stringify(key)}`);
    return join(this.root, key);
  }

  /** Makes a new file, never an existing one, and its folder where needed; returns a descriptor to read and write. */
  async create(key: string): Promise<number> {
    const path = this.pathOf(key);
    await this.#makeFolder(dirname(path));
    return await fd.open(path, O_CREAT | O_EXCL | O_RDWR, 0o600);
  }

  async prepareFolder(key: string): Promise<void> {
    await this.#makeFolder(dirname(this.pathOf(key)));
  }

  async syncFolder(key: string): Promise<void> {
    const folder = dirname(this.pathOf(key));
    const descriptor = this.#descriptorOf(folder);
    if (descriptor === undefined) await syncDirectory(folder);
    else await fd.fsync(await descriptor);
  }

  async close(): Promise<void> {
    const open = [...this.#open.values()];
    this.#open.clear();
    await Promise.allSettled(open.map(async (descriptor) => fd.close(await descriptor)));
  }

  #descriptorOf(folder: string): Promise<number> | undefined {
    const known = this.#open.get(folder);
    if (known !== undefined || this.#open.size >= FOLDERS_OPEN_MAX) return known;
    const opening = fd.open(folder, "r");
    this.#open.set(folder, opening);
    opening.catch(() => this.#open.delete(folder));
    return opening;
  }

  /** Another process may have made the folder and not synced it yet, so the first use in each process syncs. */
  async #makeFolder(folder: string): Promise<void> {
    if (this.#durable.has(folder)) return;
    await mkdir(folder, { mode: 0o700 }).catch((error: unknown) => {
      if (errnoOf(error) !== "EEXIST") throw error;
    });
    await syncDirectory(this.root);
    this.#durable.add(folder);
  }
}
