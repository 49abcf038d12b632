import { Readable, Writable } from "node:stream";
import { expect } from "vitest";
import { type AddCommand, commandLine, runCommandLine } from "../../src/cli/command-line.ts";
import type { Io } from "../../src/cli/io.ts";

/** Streams of a command, whose output stays in memory. Nobody sits at a terminal unless `typed` says what they type. */
export class CapturedIo implements Io {
  readonly stdin: Io["stdin"];
  readonly stdout: Io["stdout"];
  readonly stderr: Io["stderr"];
  readonly signal: AbortSignal;
  out = "";
  errors = "";

  constructor({ typed, signal }: { readonly typed?: string; readonly signal?: AbortSignal } = {}) {
    this.stdin = Object.assign(Readable.from(typed === undefined ? [] : [typed]), {
      isTTY: typed !== undefined,
    });
    this.stdout = written((text) => {
      this.out += text;
    });
    this.stderr = written((text) => {
      this.errors += text;
    });
    this.signal = signal ?? new AbortController().signal;
  }
}

function written(keep: (text: string) => void): Writable {
  return new Writable({
    write(chunk, _encoding, done) {
      keep(String(chunk));
      done();
    },
  });
}

/** Runs `berth …` with these commands; resolves with the exit code. */
export function runBerth(
  io: Io,
  argv: readonly string[],
  ...commands: readonly AddCommand[]
): Promise<number> {
  return runCommandLine(commandLine(io, commands), argv, io);
}

/** The command fails, and its last line on stderr says why. */
export async function expectFailure(
  io: CapturedIo,
  code: Promise<number>,
  says: string | RegExp,
): Promise<void> {
  expect(await code).toBe(1);
  const last = io.errors.trimEnd().split("\n").at(-1);
  expect(last).toMatch(/^berth: /);
  expect(last).toMatch(says);
}
