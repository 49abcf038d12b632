import type { Readable, Writable } from "node:stream";

/** What a command sees of its process. Results go to stdout, everything else to stderr. */
export interface Io {
  readonly stdin: Readable & { readonly isTTY?: boolean };
  readonly stdout: Writable & { readonly isTTY?: boolean };
  readonly stderr: Writable & { readonly isTTY?: boolean; readonly columns?: number };
  /** Raised by the user's interruption; then no half-written file stays. */
  readonly signal?: AbortSignal;
}

/** A list for programs: one JSON object a line. */
export function writeJsonLine(io: Io, record: unknown): void {
  io.stdout.write(`${JSON.stringify(record)}\n`);
}

/** One thing, as indented JSON. */
export function writeJson(io: Io, thing: unknown): void {
  io.stdout.write(`${JSON.stringify(thing, null, 2)}\n`);
}
