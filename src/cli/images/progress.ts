import type { Writable } from "node:stream";
import { formatSize } from "../tables/size.ts";
import { oneLine } from "./errors.ts";

/** What a person sees of the work. */
export interface Progress {
  /** A blob begins to move. The digest is not known yet for a layer that is hashed on its way. */
  start(label: string): BlobProgress;
  /** A blob needs no transfer. */
  skip(label: string, why: string): void;
  /** Something worth knowing that is no failure. */
  note(text: string): void;
}

export interface BlobProgress {
  add(bytes: number): void;
  /** `label` replaces the one of the start. */
  finish(label?: string): void;
}

export const SILENT: Progress = {
  start: () => ({ add: () => undefined, finish: () => undefined }),
  skip: () => undefined,
  note: () => undefined,
};

type Terminal = Writable & { readonly isTTY?: boolean; readonly columns?: number };

/** On a terminal one line that is redrawn, elsewhere a line for each blob. `verb` says what happened to it. */
export function createProgress(stream: Terminal, verb: string, now: () => number = Date.now): Progress {
  return stream.isTTY === true ? redrawn(stream, verb, now) : lines(stream, verb, now);
}

function lines(stream: Terminal, verb: string, now: () => number): Progress {
  const print = (text: string) => stream.write(`${oneLine(text)}\n`);
  return {
    start: (label) => meter(label, now, (blob) => print(`${blob.label} ${verb}, ${blob.rate()}`)),
    skip: (label, why) => print(`${label} ${why}`),
    note: print,
  };
}

const REDRAW_MS = 100;

function redrawn(stream: Terminal, verb: string, now: () => number): Progress {
  let total = 0;
  let drawnAt = 0;
  const draw = (text: string, end: string) => {
    const width = Math.max((stream.columns ?? 80) - 1, 20);
    stream.write(`\r\x1b[K${oneLine(text).slice(0, end === "" ? width : undefined)}${end}`);
  };
  return {
    start: (label) => {
      const blob = meter(label, now, (done) =>
        draw(`${done.label} ${verb}, ${done.rate()}, ${formatSize(total)} in all`, "\n"),
      );
      const add = (bytes: number) => {
        total += bytes;
        blob.add(bytes);
        if (now() - drawnAt < REDRAW_MS) return;
        drawnAt = now();
        draw(`${blob.label} ${blob.rate()}, ${formatSize(total)} in all`, "");
      };
      return { add, finish: blob.finish };
    },
    skip: (label, why) => draw(`${label} ${why}`, "\n"),
    note: (text) => draw(text, "\n"),
  };
}

interface Meter extends BlobProgress {
  label: string;
  rate(): string;
}

function meter(label: string, now: () => number, finished: (meter: Meter) => void): Meter {
  const startedAt = now();
  let bytes = 0;
  const self: Meter = {
    label,
    add: (count) => {
      bytes += count;
    },
    rate: () =>
      `${formatSize(bytes)}${bytes < 1e6 ? "" : `, ${(bytes / 1000 / Math.max(now() - startedAt, 1)).toFixed(1)} MB/s`}`,
    finish: (last) => {
      self.label = last ?? self.label;
      finished(self);
    },
  };
  return self;
}

/** As people tell digests apart: the algorithm and twelve characters. */
export function shortDigest(digest: string): string {
  return digest.slice(0, digest.indexOf(":") + 13);
}
