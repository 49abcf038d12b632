/** A stretch of a list that is ordered by a key. */
export interface PageRequest {
  /** The key after which it begins; empty for the beginning. */
  readonly after: string;
  /** Entries wanted. */
  readonly limit: number;
}

/** A stretch of a list, and where the next one begins. */
export interface Page<Item, Key extends string = string> {
  readonly items: readonly Item[];
  /** The key after which the next page begins; undefined at the end. */
  readonly next: Key | undefined;
}
