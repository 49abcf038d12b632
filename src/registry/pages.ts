import type { Page } from "../kernel/page.ts";

/** Entries of one page when the client names no number, and the most that one page has. */
export const PAGE_MAX = 1000;

/** Cuts a list of keys that was read one entry too far, to know whether more follow. */
export function cutPage<Key extends string>(keys: readonly Key[], limit: number): Page<Key, Key> {
  const items = keys.slice(0, limit);
  return { items, next: keys.length > limit && limit > 0 ? items.at(-1) : undefined };
}
