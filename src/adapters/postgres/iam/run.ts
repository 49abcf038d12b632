import type { Statement } from "../statement.ts";

/** Runs one statement: by itself for reads, inside the transaction for changes. */
export type Run = <Row>(statement: Statement, values: readonly unknown[]) => Promise<readonly Row[]>;

/** Splits one row more than was asked for off a list: it only says that there is a next page. */
export function pageOf<Row, Item>(
  rows: readonly Row[],
  limit: number,
  toItem: (row: Row) => Item,
  keyOf: (row: Row) => string,
): { items: readonly Item[]; next: string | undefined } {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  const next = rows.length > limit && last !== undefined ? keyOf(last) : undefined;
  return { items: shown.map(toItem), next };
}

/** A LIKE pattern for texts that begin with `prefix`. */
export function beginningWith(prefix: string): string {
  return `${prefix.replace(/[\\%_]/g, "\\$&")}%`;
}
