import { createHash, randomBytes } from "node:crypto";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { PREFIXES_MAX, SMALL } from "../../../src/adapters/hashing/growing-hash.ts";
import { HashThread } from "../../../src/adapters/hashing/hash-thread.ts";
import { openHashing } from "../../../src/adapters/hashing/index.ts";
import { SLOT_BYTES, SLOTS } from "../../../src/adapters/hashing/ring.ts";
import type { DigestAlgorithm } from "../../../src/registry/digest.ts";
import type { RunningHash } from "../../../src/registry/ports/index.ts";

/** Collects garbage now. */
setFlagsFromString("--expose-gc");
const collect: () => void = runInNewContext("gc");
const fail = (error: Error): never => {
  throw error;
};
const thread = new HashThread();
const adapters = [
  { name: "one core", hashing: openHashing(fail, 1) },
  { name: "several cores", hashing: openHashing(fail, 2) },
  { name: "the thread alone", hashing: { start: (algorithm: DigestAlgorithm) => thread.start(algorithm) } },
];
afterAll(async () => {
  await thread.close();
  for (const { hashing } of adapters) if ("close" in hashing) await hashing.close();
});

function expected(bytes: Buffer, algorithm: DigestAlgorithm = "sha256"): string {
  return `${algorithm}:${createHash(algorithm).update(bytes).digest("hex")}`;
}

/** As an upload does: the memory of a chunk is used again as soon as it was taken. */
async function take(hash: RunningHash, chunk: Buffer): Promise<void> {
  const own = Buffer.from(chunk);
  await hash.update(own);
  own.fill(0);
}

describe.each(adapters)("$name", ({ hashing }) => {
  test.each([
    ["nothing", []],
    ["one byte", [1]],
    ["what is just small", [SMALL - 1, 1]],
    ["what is just large", [SMALL, 1]],
    ["a large chunk first", [SLOT_BYTES * 3 + 1, 5]],
    ["more than the thread may have waiting", Array.from({ length: SLOTS * 2 }, () => SLOT_BYTES)],
    ["a chunk of more than that", [SLOT_BYTES * SLOTS * 2 + 7]],
  ])("%s", async (_, sizes) => {
    for (const algorithm of ["sha256", "sha512"] as const) {
      const chunks = sizes.map((size) => randomBytes(size));
      const hash = hashing.start(algorithm);
      for (const chunk of chunks) await take(hash, chunk);
      expect(await hash.digest()).toBe(expected(Buffer.concat(chunks), algorithm));
    }
  });

  test("bytes may follow a digest, and a fork goes its own way", async () => {
    const first = randomBytes(SLOT_BYTES + 9);
    const hash = hashing.start("sha256");
    await take(hash, first);
    const fork = hash.fork();
    await take(hash, Buffer.from("hash"));
    await take(fork, Buffer.from("fork"));
    expect(await hash.digest()).toBe(expected(Buffer.concat([first, Buffer.from("hash")])));
    await take(fork, Buffer.from("!"));
    expect(await fork.digest()).toBe(expected(Buffer.concat([first, Buffer.from("fork!")])));
    await take(hash, first);
    expect(await hash.digest()).toBe(expected(Buffer.concat([first, Buffer.from("hash"), first])));
  });

  test("many at once keep apart, whatever their chunks", () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(fc.integer({ min: 0, max: 3 * SLOT_BYTES }), { maxLength: 8 }), { maxLength: 12 }),
        async (contents) => {
          await Promise.all(
            contents.map(async (sizes) => {
              const chunks = sizes.map((size) => randomBytes(size));
              const hash = hashing.start("sha256");
              for (const chunk of chunks) await take(hash, chunk);
              expect(await hash.digest()).toBe(expected(Buffer.concat(chunks)));
            }),
          );
        },
      ),
      { numRuns: 20 },
    ));
});

test("a thread that ends loses its hashes, says so, and is replaced", async () => {
  const hashing = openHashing(fail, 2);
  const hash = hashing.start("sha256");
  await hash.update(randomBytes(SLOT_BYTES));
  await hash.digest();
  // More than there is room for, so that some of it waits when the thread ends.
  const taken = hash.update(randomBytes(SLOT_BYTES * SLOTS * 4));
  const asked = expect(hash.digest()).rejects.toMatchObject({ reason: "UNAVAILABLE" });
  await hashing.close();
  await taken;
  await asked;
  expect(hash.isLost).toBe(true);
  await hash.update(Buffer.from("more"));
  await expect(hash.digest()).rejects.toMatchObject({ reason: "UNAVAILABLE" });
  await expect(hash.fork().digest()).rejects.toMatchObject({ reason: "UNAVAILABLE" });

  const bytes = randomBytes(SLOT_BYTES);
  const next = hashing.start("sha256");
  await next.update(bytes);
  expect(await next.digest()).toBe(expected(bytes));
  await hashing.close();
});

test.each([
  ["at once", SMALL - 1, 1_000],
  ["in pieces of a byte", 1, 40],
])(
  "what is kept of small content that came %s is bounded, and right all the same",
  async (_, piece, count) => {
    const hashing = openHashing(fail, 2);
    const { arrayBuffers, heapUsed } = process.memoryUsage();
    const before = arrayBuffers + heapUsed;
    const unfinished = Array.from({ length: count }, () => {
      const hash = hashing.start("sha256");
      for (let at = 0; at < SMALL - 1; at += piece) void hash.update(Buffer.alloc(piece, "x"));
      return hash;
    });
    collect();
    const after = process.memoryUsage();
    expect(after.arrayBuffers + after.heapUsed - before).toBeLessThan(PREFIXES_MAX * 2);
    const start = Buffer.alloc(SMALL - 1, "x");
    for (const [at, hash] of unfinished.entries()) {
      await hash.update(Buffer.alloc(SLOT_BYTES, at));
      expect(await hash.digest()).toBe(expected(Buffer.concat([start, Buffer.alloc(SLOT_BYTES, at)])));
    }
    await hashing.close();
  },
);
