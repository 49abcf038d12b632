import { execFileSync } from "node:child_process";
import { closeSync, constants, mkdtempSync, openSync, readFileSync, readSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type LineSink, openLineSink } from "../../src/log/line-sink.ts";
import { textLine } from "../../src/log/text-line.ts";

let home: string;
beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), "berth-lines-"));
});
afterAll(() => rmSync(home, { recursive: true }));

let made = 0;
function makePipe(): { reader: number; sink: LineSink } {
  const path = join(home, `pipe-${made++}`);
  execFileSync("mkfifo", [path]);
  const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  return { reader, sink: openLineSink(openSync(path, constants.O_WRONLY), (lines) => `missed ${lines}\n`) };
}

/** What is in the pipe. */
function read(reader: number): string {
  const buffer = Buffer.alloc(256 * 1024);
  try {
    return buffer.toString("utf8", 0, readSync(reader, buffer));
  } catch {
    return "";
  }
}

const LINE = `${"x".repeat(999)}\n`;

describe("lines for a pipe", () => {
  test("wait for a reader who stalls up to a bound; beyond it they are dropped, counted, and told", async () => {
    const { reader, sink } = makePipe();
    for (let count = 0; count < 3000; count++) sink.write(LINE);
    const dropped = sink.dropped();
    expect(dropped).toBeGreaterThan(1500);
    expect(dropped).toBeLessThan(2000);
    let text = "";
    const whole = 3000 - dropped;
    while (text.match(/x\n/g)?.length !== whole) {
      text += read(reader);
      sink.flush();
    }
    expect(text).toContain(`missed ${dropped}\n`);
    sink.write("the next\n");
    sink.flush();
    expect(read(reader)).toBe("the next\n");
  });

  test("whose reader is gone are dropped and counted, one by one", () => {
    const { reader, sink } = makePipe();
    closeSync(reader);
    for (let count = 1; count <= 3; count++) {
      sink.write(LINE);
      sink.flush();
      expect(sink.dropped()).toBe(count);
    }
  });

  test("that nobody takes do not hold up the end", async () => {
    const { sink } = makePipe();
    for (let count = 0; count < 200; count++) sink.write(LINE);
    await sink.close(50);
  });
});

test("lines for a file are appended in their order", () => {
  const path = join(home, "file");
  const sink = openLineSink(openSync(path, "a"), () => "");
  for (let count = 0; count < 50; count++) sink.write(`${count}\n`);
  sink.flush();
  expect(readFileSync(path, "utf8")).toBe(Array.from({ length: 50 }, (_, count) => `${count}\n`).join(""));
});

test("lines for a full disk are dropped and counted", () => {
  const sink = openLineSink(openSync("/dev/full", "w"), () => "");
  sink.write("one\n");
  sink.write("two\n");
  sink.flush();
  expect(sink.dropped()).toBe(2);
});

describe("a line for people", () => {
  const at = new Date(2030, 0, 1, 12, 0, 1);

  test("has time, level, message and what is known", () => {
    const fields = { status: 503, path: "/v2/a/tags/list", reason: "no room", absent: undefined };
    expect(textLine("warn", "dependency failed", fields, at)).toBe(
      `12:00:01 warn  dependency failed status=503 path=/v2/a/tags/list reason="no room"\n`,
    );
  });

  test("says of a request what was asked and how it ended, and the rest where it went wrong", () => {
    const fields = {
      requestId: "1-2",
      method: "GET",
      path: "/v2/",
      route: "ping",
      status: 200,
      ms: 8,
      ip: "::1",
    };
    const line = (level: "info" | "error", more = {}) =>
      textLine(level, "request", { ...fields, ...more }, at);
    expect(line("info", { principal: "me" })).toBe(
      "12:00:01 info  request: GET /v2/ 200 8 ms principal=me\n",
    );
    expect(line("error", { error: "broken" })).toBe(
      "12:00:01 error request: GET /v2/ 200 8 ms requestId=1-2 error=broken\n",
    );
  });

  test("moves no cursor, and is short", () => {
    const line = textLine("info", "request", { agent: "\u001b[2J\u009b2J\n", long: "x".repeat(9000) }, at);
    expect(line).toMatch(/^[\x20-\x7e…]+\n$/);
    expect(line.length).toBeLessThan(500);
  });
});
