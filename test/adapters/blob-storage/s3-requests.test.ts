import { randomBytes } from "node:crypto";
import { Writable } from "node:stream";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openS3Storage, PROBE_KEY } from "../../../src/adapters/s3/index.ts";
import type { S3Config } from "../../../src/config.ts";
import type { BlobStorage } from "../../../src/registry/ports/blob-storage.ts";
import type { SeenRequest } from "../../support/s3-stand-in/faults.ts";
import { type S3StandIn, startS3StandIn } from "../../support/s3-stand-in.ts";
import { configOf } from "./s3-config.ts";
import { MiB, newKey, pour, readAll, Session, store } from "./session.ts";

const isPart = ({ method, query }: SeenRequest): boolean => method === "PUT" && query.has("partNumber");
const isPut = ({ method }: SeenRequest): boolean => method === "PUT";
const isGet = ({ method }: SeenRequest): boolean => method === "GET";
const isCompletion = ({ method, query }: SeenRequest): boolean => method === "POST" && query.has("uploadId");

let server: S3StandIn;
let storage: BlobStorage;
const open = (changes: Partial<S3Config> = {}): Promise<BlobStorage> =>
  openS3Storage({ ...configOf(server), ...changes });

beforeEach(async () => {
  server = await startS3StandIn();
  storage = await open();
});
afterEach(async () => {
  await storage.close();
  await server.close();
});

describe("uploads to S3", () => {
  test("a body smaller than a part is one put at its final key", async () => {
    const before = server.requests.length;
    const key = await store(storage, randomBytes(8 * MiB - 1));
    const sent = server.requests.slice(before).map(({ method, key: at }) => `${method} ${at}`);
    expect(sent).toEqual([`PUT ${key}`]);
  });

  test("parts that fail for a while are sent again", async () => {
    server.faults.answer(500, 2, isPart);
    server.faults.answer(503, 1, isPart);
    server.faults.cut("before", 1, isPart);
    const bytes = randomBytes(20 * MiB);
    const key = await store(storage, bytes);
    expect((await readAll(storage, key, bytes.length)).equals(bytes)).toBe(true);
  });

  test("a put whose answer is lost is sent again", async () => {
    server.faults.cut("after", 2, isPut);
    const key = await store(storage, Buffer.from("abc"));
    expect((await readAll(storage, key, 3)).toString()).toBe("abc");
  });

  test("parts that keep failing fail the attempt, and its abort leaves nothing", async () => {
    server.faults.answer(500, 100, isPart);
    const { attempt } = await new Session(storage).begin();
    const written = pour(attempt, randomBytes(30 * MiB)).then(() => attempt.finish());
    await expect(written).rejects.toMatchObject({ name: "S3Failure", status: 500 });
    await attempt.abort();
    expect(server.unfinishedUploads()).toBe(0);
    expect(server.keys()).toEqual([PROBE_KEY]);
    expect(storage.bufferedBytes()).toBe(0);
  });

  test("a tail that was written by an attempt that failed is removed", async () => {
    server.faults.cut("after", 3, ({ method, key }) => method === "PUT" && key.endsWith("-tail"));
    const { attempt } = await new Session(storage).begin();
    await pour(attempt, randomBytes(9 * MiB));
    await expect(attempt.finish()).rejects.toThrow();
    await attempt.abort();
    expect(server.unfinishedUploads()).toBe(0);
    expect(server.keys()).toEqual([PROBE_KEY]);
  });

  test("an abort does not wait for parts on their way", async () => {
    const never = new Promise(() => undefined);
    server.faults.hold(never, 10, isPart);
    const { attempt } = await new Session(storage).begin();
    const written = pour(attempt, randomBytes(40 * MiB));
    written.catch(() => undefined);
    await expect.poll(() => server.requests.filter(isPart).length).toBe(2);
    expect(storage.bufferedBytes()).toBeLessThanOrEqual(16 * MiB + 65_536);
    await attempt.abort();
    await expect(written).rejects.toThrow();
    expect(storage.bufferedBytes()).toBe(0);
    expect(server.unfinishedUploads()).toBe(0);
  });

  test("no part number is used that was not reserved before", async () => {
    const reserved: number[] = [];
    const fence = {
      firstPart: 7,
      async reserve(part: number) {
        reserved.push(part);
      },
    };
    const target = { content: undefined, attemptKey: newKey(), takeover: false, fence };
    const attempt = await storage.begin(target);
    await pour(attempt, randomBytes(25 * MiB));
    const { content } = await attempt.finish();
    await storage.complete(content, fence);
    const used = server.requests.filter(isPart).map(({ query }) => Number(query.get("partNumber")));
    expect(used.toSorted()).toEqual([10, 7, 8, 9].toSorted());
    expect(reserved.toSorted()).toEqual(used.toSorted());
    expect(server.requests.filter(isCompletion).length).toBe(1);
  });

  test("a writer that is fenced off stops before it sends", async () => {
    const fence = { firstPart: 1, reserve: () => Promise.reject(new Error("fenced")) };
    const target = { content: undefined, attemptKey: newKey(), takeover: false, fence };
    const attempt = await storage.begin(target);
    await expect(pour(attempt, randomBytes(40 * MiB))).rejects.toThrow("fenced");
    expect(server.requests.filter(({ method }) => method === "POST")).toEqual([]);
    await attempt.abort();
  });

  test("a completion whose answer is lost has succeeded", async () => {
    server.faults.cut("after", 1, isCompletion);
    const bytes = randomBytes(9 * MiB);
    const key = await store(storage, bytes);
    expect((await readAll(storage, key, bytes.length)).equals(bytes)).toBe(true);
  });

  test("a completion that fails fails, and may be tried again", async () => {
    const bytes = randomBytes(9 * MiB);
    const session = new Session(storage);
    await session.append(bytes);
    server.faults.answer(500, 3, isCompletion);
    await expect(session.complete()).rejects.toMatchObject({ name: "S3Failure" });
    const key = await session.complete();
    expect((await readAll(storage, key, bytes.length)).equals(bytes)).toBe(true);
  });

  test.each([
    ["AES256", { "x-amz-server-side-encryption": "AES256" }],
    [
      { kmsKeyId: "key-1" },
      {
        "x-amz-server-side-encryption": "aws:kms",
        "x-amz-server-side-encryption-aws-kms-key-id": "key-1",
      },
    ],
  ] as const)("asks for encryption by %o with every new object", async (encryption, headers) => {
    const encrypted = await open({ encryption });
    const before = server.requests.length;
    for (const size of [0, 100, 9 * MiB]) {
      const bytes = randomBytes(size);
      const key = await store(encrypted, bytes);
      expect((await readAll(encrypted, key, size)).equals(bytes)).toBe(true);
    }
    const makesObject = (request: SeenRequest): boolean =>
      (isPut(request) && !isPart(request)) || (request.method === "POST" && request.query.has("uploads"));
    const made = server.requests.slice(before).filter(makesObject);
    expect(made.length).toBe(4);
    for (const request of made) expect(request.headers).toMatchObject(headers);
    await encrypted.close();
  });
});

test("a deletion of what the server says is not there has succeeded", async () => {
  const key = await store(storage, randomBytes(10));
  server.faults.answer(404, 2, ({ method }) => method === "DELETE");
  await expect(storage.delete(key)).resolves.toBeUndefined();
});

describe("reads from S3", () => {
  const nowhere = (): Writable => new Writable({ write: (_chunk, _encoding, done) => done() });

  test("a connection that dies before it answers is replaced once", async () => {
    const key = await store(storage, Buffer.from("abc"));
    server.faults.cut("before", 1, isGet);
    expect((await readAll(storage, key, 3)).toString()).toBe("abc");
    server.faults.cut("before", 2, isGet);
    await expect(storage.read(key, 3)).rejects.toMatchObject({ name: "S3Failure", code: "ECONNRESET" });
  });

  test("a body that breaks off is a failure of storage, not of the client", async () => {
    const key = await store(storage, randomBytes(4 * MiB));
    server.faults.cut("midway", 1, isGet);
    const reader = await storage.read(key, 4 * MiB);
    await expect(reader.copyTo(nowhere())).rejects.toMatchObject({ name: "S3Failure", code: "ECONNRESET" });
  });

  test("an object of another size is refused", async () => {
    const key = await store(storage, Buffer.from("abc"));
    await expect(storage.read(key, 4)).rejects.toThrow("3 bytes are offered, 4 were expected");
    await expect(storage.read(key, 9, { start: 5, end: 8 })).rejects.toThrow("InvalidRange");
  });

  test("a sink that closes while storage is silent ends the read", async () => {
    const key = await store(storage, randomBytes(MiB));
    server.faults.stall(new Promise(() => undefined), 1, isGet);
    const begun = Promise.withResolvers<void>();
    const sink = new Writable({
      write(_chunk, _encoding, done) {
        begun.resolve();
        done();
      },
    });
    const copied = (await storage.read(key, MiB)).copyTo(sink);
    await begun.promise;
    sink.destroy();
    await expect(copied).rejects.toMatchObject({ code: "ERR_STREAM_PREMATURE_CLOSE" });
  });

  test("signs URLs for the external endpoint, which end", async () => {
    expect(await storage.presign(newKey(), 60)).toBeUndefined();
    const port = new URL(server.endpoint).port;
    const outside = await open({ externalEndpoint: `http://localhost:${port}` });
    const bytes = randomBytes(1000);
    const key = await store(outside, bytes);
    const url = (await outside.presign(key, 60)) ?? "";
    expect(new URL(url).host).toBe(`localhost:${port}`);
    const response = await fetch(url);
    expect(response.status).toBe(200);
    expect(Buffer.from(await response.arrayBuffer()).equals(bytes)).toBe(true);
    expect((await fetch(url.replace(/.$/, (last) => (last === "0" ? "1" : "0")))).status).toBe(403);
    server.ahead = 61_000;
    const late = await fetch(url);
    expect(late.status).toBe(403);
    expect(await late.text()).toContain("expired");
    server.ahead = 0;
    await outside.close();
  });
});

describe("opening S3", () => {
  const secret = "wrong-secret-of-the-test";

  test.each([
    [{ bucket: "no-such-bucket" }, "there is no such bucket"],
    [{ secretAccessKey: secret }, "AccessDenied"],
    [{ accessKeyId: "NOBODYSACCESSKEY" }, "AccessDenied"],
    [{ endpoint: "http://127.0.0.1:9" }, "ECONNREFUSED"],
  ])("says why %o cannot be used", async (changes, reason) => {
    const config = { ...configOf(server), ...changes };
    const error = await openS3Storage(config).then(
      () => undefined,
      (thrown: unknown) => thrown as Error,
    );
    expect(error?.message).toContain(`bucket "${config.bucket}" at ${config.endpoint}`);
    expect(error?.message).toContain(reason);
    const all = `${error?.message} ${error?.stack} ${JSON.stringify(error?.cause)}`;
    expect(all).not.toContain(config.secretAccessKey);
    expect(all).not.toMatch(/X-Amz|Signature=/);
  });

  test("is not ready when the bucket cannot be reached", async () => {
    await storage.check();
    await server.close();
    await expect(storage.check()).rejects.toMatchObject({ name: "S3Failure" });
  });

  test("no failure shows a URL", async () => {
    server.faults.answer(500, 100, isGet);
    server.faults.answer(500, 100, isPut);
    const session = new Session(storage);
    const failures = await Promise.allSettled([
      storage.read(newKey(), 3),
      session.append(Buffer.from("abc")),
      session.append(randomBytes(9 * MiB)),
    ]);
    for (const failure of failures) {
      if (failure.status === "fulfilled") throw new Error("it should fail");
      expect(`${failure.reason.stack} ${JSON.stringify(failure.reason)}`).not.toMatch(/X-Amz|http:/);
    }
  });
});
