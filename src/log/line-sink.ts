import { constants, fstatSync, openSync, writeSync } from "node:fs";
import { Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

/** Bytes of one write: a pipe takes as many whole or not at all (POSIX PIPE_BUF on Linux), so lines of several processes do not mix. */
const WRITE_BYTES = 4096;
/** Characters that wait for a reader who is slow, before lines are dropped. */
const PENDING_MAX = 1024 * 1024;
/** Characters that are written without waiting for the next round. */
const WRITE_AT = 8192;
/** Milliseconds between rounds, and until the next try while the reader takes nothing. */
const ROUND = 250;
const RETRY = 20;

/** Where lines go. Whoever writes one never waits for whoever reads it. */
export interface LineSink {
  /** `line` ends with a newline. It is dropped, and counted, when too many wait or nobody is there to read it. */
  write(line: string): void;
  /** Writes out what the reader takes at once. */
  flush(): void;
  /** Lines that nobody got. */
  dropped(): number;
  /** Writes out what the reader takes within `patience` milliseconds. */
  close(patience: number): Promise<void>;
}

/**
 * Lines for a descriptor of this process, such as 2 for stderr: a file, a terminal, a pipe or a socket. `notice` makes the
 * line that tells a reader who takes lines again how many were dropped.
 */
export function openLineSink(descriptor: number, notice: (lines: number) => string): LineSink {
  const target = neverWaiting(descriptor);
  const pending: string[] = [];
  let size = 0;
  let dropped = 0;
  let told = 0;
  /** The rest of a write that the reader took a part of. */
  let rest: Buffer = Buffer.alloc(0);
  let retry: NodeJS.Timeout | undefined;

  const takeChunk = (): Buffer => {
    let [chunk = "", next] = pending;
    let count = 1;
    while (next !== undefined && chunk.length + next.length <= WRITE_BYTES) {
      chunk += next;
      next = pending[++count];
    }
    pending.splice(0, count);
    size -= chunk.length;
    return Buffer.from(chunk);
  };
  const giveUp = (): void => {
    dropped += pending.length + linesIn(rest);
    pending.length = 0;
    size = 0;
    rest = Buffer.alloc(0);
  };
  const flush = (): void => {
    clearTimeout(retry);
    retry = undefined;
    while (rest.length > 0 || pending.length > 0) {
      if (rest.length === 0) rest = takeChunk();
      try {
        rest = rest.subarray(writeSync(target, rest));
        if (rest.length === 0 && dropped > told) {
          const line = notice(dropped - told);
          pending.unshift(line);
          size += line.length;
          told = dropped;
        }
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "EAGAIN") retry = setTimeout(flush, RETRY).unref();
        else giveUp();
        return;
      }
    }
  };
  setInterval(() => retry === undefined && flush(), ROUND).unref();
  return {
    write(line) {
      if (size + line.length > PENDING_MAX) {
        dropped++;
        return;
      }
      pending.push(line);
      size += line.length;
      if (size >= WRITE_AT && retry === undefined) flush();
    },
    flush,
    dropped: () => dropped,
    async close(patience) {
      flush();
      for (
        const end = performance.now() + patience;
        retry !== undefined && performance.now() < end;
        flush()
      ) {
        await sleep(RETRY);
      }
    },
  };
}

function linesIn(text: Buffer): number {
  return text.toString("latin1").split("\n").length - 1;
}

/**
 * A descriptor of the same file on which a write fails instead of waiting. A pipe or a terminal is opened anew, so that
 * others who have it are not changed; where that is not allowed, and for a socket, it is the same one: to open it as a
 * stream is Node's way to stop it from waiting.
 */
function neverWaiting(descriptor: number): number {
  const facts = fstatSync(descriptor);
  if (facts.isFIFO() || facts.isCharacterDevice()) {
    const { O_WRONLY, O_APPEND, O_NONBLOCK, O_NOCTTY } = constants;
    try {
      return openSync(`/proc/self/fd/${descriptor}`, O_WRONLY | O_APPEND | O_NONBLOCK | O_NOCTTY);
    } catch {
      // Not ours to open, or nobody reads it any more.
    }
  }
  if (facts.isFIFO() || facts.isSocket()) STREAMS.push(new Socket({ fd: descriptor, readable: false }));
  return descriptor;
}

/** Closed by nobody: a collected stream would close its descriptor. */
const STREAMS: Socket[] = [];
