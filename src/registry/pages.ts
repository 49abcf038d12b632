/** A page of a list that is ordered by name. */
export interface Page {
  /** Entries wanted, 0 to {@link PAGE_MAX}. */
  readonly n: number;
  /** The last name of the page before; empty for the first page. */
  readonly last: string;
}

export interface NamePage<Name> {
  readonly names: readonly Name[];
  /** What `last` must be for the next page; undefined at the end. */
  readonly next: Name | undefined;
}

/** Entries of one page when the client names no number, and the most that one page has. */
export const PAGE_MAX = 1000;

/** Cuts a list that was read one entry too far, to know whether more follow. */
export function cutPage<Name>(names: readonly Name[], n: number): NamePage<Name> {
  const shown = names.slice(0, n);
  return { names: shown, next: names.length > n && n > 0 ? shown.at(-1) : undefined };
}
