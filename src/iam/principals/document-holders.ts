import { LRUCache } from "lru-cache";
import type { AttachedPolicy } from "../policy/access.ts";
import type { PolicyDocument } from "../policy/document.ts";

/** What may be held. */
export interface HoldersSize {
  readonly entries: number;
  /** Of the texts of all documents together. A compiled one takes some 20 bytes a character, at worst 150. */
  readonly characters: number;
}

/**
 * Entries that hold compiled documents, in bounded memory: the one that was used longest ago goes first. A document
 * counts once, however many entries hold it, as those of a group and of a role are.
 */
export class DocumentHolders<Entry extends object> {
  readonly #entries: LRUCache<string, Entry>;
  readonly #policiesOf: (entry: Entry) => readonly AttachedPolicy[];
  readonly #max: number;
  readonly #holders = new Map<PolicyDocument, number>();
  #characters = 0;

  constructor({ entries, characters }: HoldersSize, policiesOf: (entry: Entry) => readonly AttachedPolicy[]) {
    this.#policiesOf = policiesOf;
    this.#max = characters;
    this.#entries = new LRUCache({ max: entries, dispose: (entry) => this.#letGo(entry) });
  }

  /** Of all documents that are held now. */
  get characters(): number {
    return this.#characters;
  }

  get(key: string): Entry | undefined {
    return this.#entries.get(key);
  }

  set(key: string, entry: Entry): void {
    this.#hold(entry);
    this.#entries.set(key, entry);
    while (this.#characters > this.#max && this.#entries.size > 1) this.#entries.pop();
  }

  delete(key: string): void {
    this.#entries.delete(key);
  }

  #hold(entry: Entry): void {
    for (const { document } of this.#policiesOf(entry)) {
      const holders = this.#holders.get(document) ?? 0;
      if (holders === 0) this.#characters += document.size;
      this.#holders.set(document, holders + 1);
    }
  }

  #letGo(entry: Entry): void {
    for (const { document } of this.#policiesOf(entry)) {
      const holders = this.#holders.get(document) ?? 0;
      if (holders > 1) this.#holders.set(document, holders - 1);
      else if (this.#holders.delete(document)) this.#characters -= document.size;
    }
  }
}
