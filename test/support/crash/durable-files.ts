import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** Something that the disk has for certain, or has no more. Paths are relative to the folder of the objects. */
export type SyncEvent =
  | { readonly kind: "synced"; readonly file: string; readonly size: number }
  | { readonly kind: "truncated"; readonly file: string; readonly size: number }
  | { readonly kind: "listed"; readonly folder: string; readonly names: readonly string[] };

/** What would be left of the files that a child has written if the power had been cut when it died. */
export class DurableFiles {
  readonly #sizes = new Map<string, number>();
  readonly #entries = new Set<string>();

  constructor(trace: string) {
    for (const line of readFileSync(trace, "utf8").split("\n")) {
      if (line !== "") this.#replay(JSON.parse(line));
    }
  }

  /** Bytes of the object that would be there; undefined when the file itself would not be. */
  sizeOf(key: string): number | undefined {
    const isListed = this.#entries.has(key) && this.#entries.has(dirname(key));
    return isListed ? (this.#sizes.get(key) ?? 0) : undefined;
  }

  #replay(event: SyncEvent): void {
    if (event.kind === "listed") {
      for (const name of event.names) this.#entries.add(join(event.folder, name));
    } else if (event.kind === "synced") {
      this.#sizes.set(event.file, event.size);
    } else {
      this.#sizes.set(event.file, Math.min(event.size, this.#sizes.get(event.file) ?? 0));
    }
  }
}
