import type { Endpoint } from "../client/client.ts";

/** A registry that is measured. */
export interface Target extends Endpoint {
  readonly name: string;
  /** What it stores where, what it syncs, and whom it lets in: shown below the table. */
  readonly note: string;
  /** First processes of the server; all that they started are counted with them. Empty where they are not known. */
  readonly processes: readonly number[];
  /** Folder of its files; undefined where they are not ours to remove. */
  readonly folder: string | undefined;
  stop(): Promise<void>;
}

export function basic(credentials: string): string {
  return `Basic ${Buffer.from(credentials).toString("base64")}`;
}
