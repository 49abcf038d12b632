/** A stretch of a list that is ordered by a key. */
export interface PageRequest {
  /** The key after which it begins; empty for the beginning. */
  readonly after: string;
  readonly limit: number;
}

export interface Page<Item> {
  readonly items: readonly Item[];
  /** The key after which the next page begins; undefined at the end. */
  readonly next: string | undefined;
}
