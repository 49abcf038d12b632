import { randomBytes } from "node:crypto";
import { afterAll, describe, expect, test } from "vitest";
import { RANGES_MAX } from "../../src/registry/byte-range.ts";
import { unavailable } from "../../src/registry/errors.ts";
import type { BlobStorage } from "../../src/registry/ports/index.ts";
import { startTestBerth } from "../support/berth.ts";
import { type Answer, exchange, expectAnswer } from "../support/exchange.ts";
import { pushBlob } from "../support/push.ts";
import { startS3StandIn } from "../support/s3-stand-in.ts";

const standIn = await startS3StandIn();
afterAll(() => standIn.close());

const S3 = {
  BERTH_S3_ENDPOINT: standIn.endpoint,
  BERTH_S3_REGION: standIn.region,
  BERTH_S3_BUCKET: standIn.bucket,
  BERTH_S3_ACCESS_KEY_ID: standIn.accessKeyId,
  BERTH_S3_SECRET_ACCESS_KEY: standIn.secretAccessKey,
};
/** Larger than what is kept in memory, and than what is read at once. */
const CONTENT = randomBytes(3 * 1024 * 1024);
const NAME = "lib/partial";

interface ReadPart {
  readonly type: string | undefined;
  readonly range: string | undefined;
  readonly bytes: Buffer;
}

/** The parts of a body as RFC 9110 section 14.6 has them, each by its delimiter and nothing around them. */
function partsOf({ headers, body }: Answer): readonly ReadPart[] {
  const boundary = /^multipart\/byteranges; boundary=([0-9a-f]{32})$/.exec(
    headers["content-type"] ?? "",
  )?.[1];
  const pieces = `\r\n${body.toString("latin1")}`.split(`\r\n--${boundary}`);
  expect(pieces.at(0)).toBe("");
  expect(pieces.at(-1)).toBe("--\r\n");
  return pieces.slice(1, -1).map((piece) => {
    const end = piece.indexOf("\r\n\r\n");
    const head = piece.slice(0, end);
    return {
      type: /\r\nContent-Type: (.*)/.exec(head)?.[1],
      range: /\r\nContent-Range: (.*)/.exec(head)?.[1],
      bytes: Buffer.from(piece.slice(end + 4), "latin1"),
    };
  });
}

const expected = (start: number, end: number): ReadPart => ({
  type: "application/octet-stream",
  range: `bytes ${start}-${end}/${CONTENT.length}`,
  bytes: CONTENT.subarray(start, end + 1),
});

describe.each([
  ["files", {}],
  ["streamed object storage", S3],
])("several ranges of a blob in %s", async (_, env) => {
  const reads: number[] = [];
  let failing = Number.POSITIVE_INFINITY;
  const counting = (storage: BlobStorage): BlobStorage =>
    Object.create(storage, {
      read: {
        async value(...[key, size, range]: Parameters<BlobStorage["read"]>) {
          reads.push(range === undefined ? size : range.end - range.start + 1);
          if (reads.length > failing) throw unavailable("storage", undefined);
          return storage.read(key, size, range);
        },
      },
      ...Object.fromEntries(
        [
          "begin",
          "isComplete",
          "complete",
          "keysOf",
          "delete",
          "presign",
          "check",
          "bufferedBytes",
          "close",
        ].map((name) => [
          name,
          { value: (storage as unknown as Record<string, () => unknown>)[name]?.bind(storage) },
        ]),
      ),
    });
  const berth = await startTestBerth({ env, wrapStorage: counting });
  afterAll(() => berth.stop());
  const digest = await pushBlob(berth, NAME, CONTENT);

  const ask = (range: string, more: Readonly<Record<string, string>> = {}) => {
    reads.length = 0;
    return exchange(berth, { path: `/v2/${NAME}/blobs/${digest}`, headers: { range, ...more } });
  };

  test("come as the parts of one body, and nothing else is read", async () => {
    const answer = await ask("bytes=0-9,1000000-1999999,-5");
    expectAnswer(answer, {
      ...{ status: 206 },
      answers: {
        "Content-Length": String(answer.body.length),
        "Content-Range": null,
        "Docker-Content-Digest": digest,
        ETag: `"${digest}"`,
        "Accept-Ranges": "bytes",
      },
    });
    const size = CONTENT.length;
    expect(partsOf(answer)).toEqual([
      expected(0, 9),
      expected(1_000_000, 1_999_999),
      expected(size - 5, size - 1),
    ]);
    expect(reads).toEqual([10, 1_000_000, 5]);
    expect(answer.body.length - 1_000_015).toBeLessThan(3 * 200);
  });

  test("come in the order in which they were asked for", async () => {
    expect(partsOf(await ask("bytes=500-509,0-9"))).toEqual([expected(500, 509), expected(0, 9)]);
  });

  test("that overlap or touch come once", async () => {
    const answer = await ask("bytes=0-9,5-14,15-19,100-109");
    expect(partsOf(answer)).toEqual([expected(0, 19), expected(100, 109)]);
    expect(reads).toEqual([20, 10]);
  });

  test("that are many come all", async () => {
    const starts = Array.from({ length: RANGES_MAX }, (_, at) => at * 40_000);
    const answer = await ask(`bytes=${starts.map((start) => `${start}-${start + 999}`).join(",")}`);
    expect(partsOf(answer)).toEqual(starts.map((start) => expected(start, start + 999)));
  });

  test("that are too many are the whole", async () => {
    const starts = Array.from({ length: RANGES_MAX + 1 }, (_, at) => at * 40_000);
    const answer = await ask(`bytes=${starts.map((start) => `${start}-${start}`).join(",")}`);
    expectAnswer(answer, { status: 200, answers: { "Content-Range": null }, content: CONTENT });
  });

  test("come while If-Range names the blob", async () => {
    expectAnswer(await ask("bytes=0-9,20-29", { "if-range": `"${digest}"` }), { status: 206 });
    expectAnswer(await ask("bytes=0-9,20-29", { "if-range": '"other"' }), { status: 200, content: CONTENT });
  });

  test("of which storage does not give the first are an error", async () => {
    failing = 0;
    const answer = await ask("bytes=0-9,20-29").finally(() => (failing = Number.POSITIVE_INFINITY));
    expectAnswer(answer, { status: 503, code: "UNAVAILABLE" });
  });

  test("of which storage does not give a later one end without their end", async () => {
    failing = 1;
    const answer = ask("bytes=0-9,20-29");
    await expect(answer.finally(() => (failing = Number.POSITIVE_INFINITY))).rejects.toThrow();
  });
});

test("several ranges of a blob that clients fetch from object storage are redirected there", async () => {
  const berth = await startTestBerth({
    env: { ...S3, BERTH_S3_EXTERNAL_ENDPOINT: "https://storage.example" },
  });
  const digest = await pushBlob(berth, NAME, CONTENT);
  const path = `/v2/${NAME}/blobs/${digest}`;
  const answer = await exchange(berth, { path, headers: { range: "bytes=0-9,20-29" } });
  await berth.stop();
  expectAnswer(answer, { status: 307, answers: { Location: /^https:\/\/storage\.example\// } });
});
