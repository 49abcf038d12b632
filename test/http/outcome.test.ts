import { once } from "node:events";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { describe, expect, test } from "vitest";
import { empty, json, type Outcome, sendOutcome } from "../../src/http/outcome.ts";
import type { BlobReader } from "../../src/registry/ports/index.ts";
import { dial, send, serve } from "./loopback.ts";

/** A blob of these chunks; fails after them when there is an error. */
function blob(chunks: readonly string[], error?: Error): BlobReader {
  const size = chunks.join("").length;
  async function* read(): AsyncGenerator<string> {
    yield* chunks;
    if (error !== undefined) throw error;
  }
  return {
    size,
    close: () => undefined,
    copyTo: (sink) => pipeline(Readable.from(read()), sink, { end: false }),
  };
}

/** A server that always answers with this outcome; `ended` is how the writing of the next answer ended. */
async function answering(outcome: Outcome) {
  let settle: (ended: unknown) => void;
  const ended = new Promise<unknown>((resolve) => {
    settle = resolve;
  });
  const port = await serve((_, response) => {
    sendOutcome(response, outcome).then(
      () => settle("sent"),
      (error: unknown) => settle(error),
    );
  });
  return { port, ended };
}

describe("an answer", () => {
  test("of bytes", async () => {
    const { port, ended } = await answering({
      status: 200,
      headers: { "X-A": "b" },
      body: Buffer.from("hello"),
    });
    expect(await send(port)).toMatchObject({ status: 200, body: "hello", headers: { "x-a": "b" } });
    expect(await ended).toBe("sent");
  });

  test.each([0, 1, 4_096, 4_097])("of %i bytes of any value, each as it is", async (size) => {
    const body = Buffer.from(Array.from({ length: size }, (_, at) => at % 256));
    const { port } = await answering({ status: 200, headers: { "Content-Length": size }, body });
    const answer = await fetch(`http://127.0.0.1:${port}/`);
    expect(Buffer.from(await answer.arrayBuffer()).equals(body)).toBe(true);
  });

  test("of a blob", async () => {
    const body = blob(["one", "two"]);
    const { port, ended } = await answering({ status: 206, headers: { "Content-Length": body.size }, body });
    expect(await send(port)).toMatchObject({
      status: 206,
      body: "onetwo",
      headers: { "content-length": "6" },
    });
    expect(await ended).toBe("sent");
  });

  test("may have a header several times", async () => {
    const { port } = await answering(empty(201, { "OCI-Tag": ["a", "b"] }));
    expect((await send(port)).headers["oci-tag"]).toBe("a, b");
  });

  test("to HEAD has the length of the body and no body", async () => {
    const { port } = await answering({ status: 200, headers: { "Content-Length": 1234 } });
    expect(await send(port, { method: "HEAD" })).toMatchObject({
      body: "",
      headers: { "content-length": "1234" },
    });
  });
});

describe("a blob that breaks off", () => {
  test("breaks the connection, so that no client takes a part for the whole", async () => {
    const failure = new Error("disk");
    // No length is announced: the end of the connection alone tells.
    const { port, ended } = await answering({ status: 200, headers: {}, body: blob(["part"], failure) });
    await expect(send(port)).rejects.toThrow(/aborted|hang up/);
    expect(await ended).toBe(failure);
  });

  test("since its reader left is told by the code for it", async () => {
    const endless = Readable.from(
      (async function* () {
        for (;;) yield Buffer.alloc(64 * 1024);
      })(),
    );
    const body = {
      ...blob([]),
      copyTo: (sink: NodeJS.WritableStream) => pipeline(endless, sink, { end: false }),
    };
    const { port, ended } = await answering({ status: 200, headers: {}, body });
    const socket = await dial(port);
    socket.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    await once(socket, "data");
    socket.destroy();
    expect(await ended).toMatchObject({ code: "ERR_STREAM_PREMATURE_CLOSE" });
  });
});

describe("outcomes", () => {
  test("in JSON have type and length, which more headers may change", () => {
    expect(json(200, { name: "käse" })).toEqual({
      status: 200,
      headers: { "Content-Type": "application/json", "Content-Length": 16 },
      body: Buffer.from('{"name":"käse"}'),
    });
    expect(json(503, {}, { "Retry-After": 1, "Content-Type": "x/y" }).headers).toMatchObject({
      "Content-Type": "x/y",
      "Retry-After": 1,
    });
  });

  test.each([200, 201, 202, 307])("without a body of status %i have length 0", (status) => {
    expect(empty(status, { Location: "/x" })).toEqual({
      status,
      headers: { "Content-Length": 0, Location: "/x" },
    });
  });

  test.each([204, 304])("without a body of status %i have no length at all", (status) => {
    expect(empty(status, { ETag: '"x"' })).toEqual({ status, headers: { ETag: '"x"' } });
  });
});
