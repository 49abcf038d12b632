import { Writable } from "node:stream";
import { describe, expect, it } from "vitest";
import { createProgress } from "../../../src/cli/images/progress.ts";

function screen(isTTY: boolean) {
  let written = "";
  const write = (chunk: Buffer, _encoding: string, done: () => void) => {
    written += chunk;
    done();
  };
  const take = () => {
    const text = written;
    written = "";
    return text;
  };
  return { stream: Object.assign(new Writable({ write }), { isTTY, columns: 60 }), text: take };
}

describe("progress", () => {
  it("is a line for each blob in a log", () => {
    const { stream, text } = screen(false);
    let clock = 0;
    const progress = createProgress(stream, "uploaded", () => clock);
    const blob = progress.start("layer.tar");
    clock = 1000;
    blob.add(2_000_000);
    blob.finish("sha256:abc");
    progress.skip("sha256:def", "exists");
    expect(text()).toBe("sha256:abc uploaded, 2.0 MB, 2.0 MB/s\nsha256:def exists\n");
  });

  it("is one line that is redrawn on a terminal, not more often than ten times a second", () => {
    const { stream, text } = screen(true);
    let clock = 1000;
    const progress = createProgress(stream, "uploaded", () => clock);
    const blob = progress.start("sha256:abc");
    for (clock = 1000; clock < 2000; clock += 10) blob.add(1_000_000);
    const drawn = text();
    expect(drawn.split("\r\x1b[K").length - 1).toBeLessThanOrEqual(11);
    expect(drawn).not.toContain("\n");
    blob.finish();
    expect(text()).toBe("\r\x1b[Ksha256:abc uploaded, 100.0 MB, 100.0 MB/s, 100.0 MB in all\n");
  });

  it("lets no escape sequence through", () => {
    const { stream, text } = screen(false);
    createProgress(stream, "uploaded").note("a\x1b[2Jb\nc");
    expect(text()).toBe("a [2Jb c\n");
  });
});
