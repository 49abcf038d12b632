import { execFileSync } from "node:child_process";
import { closeSync, constants, openSync, readSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type BerthProcess, startBerthProcess, withDataDir } from "../support/process.ts";

/** More lines than a pipe holds (64 KiB). */
const REQUESTS = 400;

interface Pipe {
  readonly reader: number;
  readonly writer: number;
}

/** A pipe whose two ends are this process's. */
function makePipe(home: string): Pipe {
  const path = join(home, "..", "log");
  execFileSync("mkfifo", [path]);
  const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  return { reader, writer: openSync(path, constants.O_WRONLY) };
}

/** Starts Berth with its log on a pipe, of which this process keeps the reading end alone. */
async function startOnPipe(dataDir: string): Promise<{ berth: BerthProcess; reader: number }> {
  const { reader, writer } = makePipe(dataDir);
  const berth = await startBerthProcess({ dataDir, stderr: writer, env: { BERTH_ACCESS_LOG: "on" } });
  closeSync(writer);
  return { berth, reader };
}

async function serves(berth: BerthProcess): Promise<void> {
  for (let at = 0; at < REQUESTS; at += 20) {
    const answers = await Promise.all(Array.from({ length: 20 }, () => berth.fetch("/v2/")));
    for (const answer of answers) {
      expect(answer.status).toBe(200);
      await answer.text();
    }
  }
}

async function droppedLines(berth: BerthProcess): Promise<number> {
  const figures = await (await berth.fetch("/metrics")).text();
  return Number(/^berth_log_lines_dropped_total (\d+)$/m.exec(figures)?.[1]);
}

test("a reader of the log that ends costs its lines, which are counted, and nothing else", () =>
  withDataDir(async (dataDir) => {
    const { berth, reader } = await startOnPipe(dataDir);
    closeSync(reader);
    await serves(berth);
    await expect.poll(() => droppedLines(berth)).toBeGreaterThan(REQUESTS / 2);
    expect(await berth.end("SIGTERM")).toBe(0);
  }));

test("a reader of the log that stalls holds up nobody, gets every line once it reads, and is not needed for the end", () =>
  withDataDir(async (dataDir) => {
    const { berth, reader } = await startOnPipe(dataDir);
    await serves(berth);
    let text = "";
    const slow = setInterval(() => (text += readAll(reader, 8192)), 20);
    await expect.poll(() => text.match(/"route":"ping"/g)?.length).toBe(REQUESTS);
    clearInterval(slow);
    for (const line of text.trim().split("\n")) expect(() => JSON.parse(line)).not.toThrow();
    await serves(berth);
    expect(await berth.end("SIGTERM")).toBe(0);
    closeSync(reader);
  }));

/** What is in the pipe, at most `limit` bytes. */
function readAll(reader: number, limit = 1024 * 1024): string {
  const buffer = Buffer.alloc(limit);
  try {
    return buffer.toString("utf8", 0, readSync(reader, buffer));
  } catch {
    return "";
  }
}
