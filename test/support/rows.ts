import { createHash } from "node:crypto";
import type { Database } from "../../src/adapters/postgres/database.ts";

/** What the database itself holds, for what no door shows. */
export function rowsOf<Row>(
  { database }: { readonly database: Database },
  text: string,
  values: readonly unknown[] = [],
): Promise<readonly Row[]> {
  const name = `test_${createHash("sha256").update(text).digest("hex").slice(0, 16)}`;
  return database.run<Row>({ name, text }, values);
}

/** A digest as the database has it, in hexadecimal: `encode(digest, 'hex')`. */
export function hexOf(digest: string): string {
  const [algorithm, hash] = digest.split(":");
  return `${algorithm === "sha256" ? "01" : "02"}${hash}`;
}
