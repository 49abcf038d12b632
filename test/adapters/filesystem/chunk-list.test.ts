import { createHash, randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { BATCH, ChunkList } from "../../../src/adapters/filesystem/chunk-list.ts";

const KiB = 1024;

/** Pushes copies, since the list may take their memory, and takes a batch whenever there is enough; the digest of all. */
function pour(list: ChunkList, chunks: readonly Buffer[], roomy: boolean): string {
  const hash = createHash("sha256");
  const take = (): void => {
    const { chunks: taken, size, release } = list.take();
    expect(taken.reduce((sum, { length }) => sum + length, 0)).toBe(size);
    for (const chunk of taken) hash.update(chunk);
    release();
  };
  for (const chunk of chunks) {
    list.push(ownCopy(chunk), roomy);
    if (list.size >= BATCH) take();
  }
  take();
  return hash.digest("hex");
}

/** A chunk with memory of its own, as those of requests have it. */
function ownCopy(chunk: Buffer): Buffer {
  const copy = Buffer.allocUnsafeSlow(chunk.length);
  chunk.copy(copy);
  return copy;
}

test.each([
  ["of one byte", 1, 5_000],
  ["of 4 KiB", 4 * KiB, 1_000],
  ["of odd sizes", 10_007, 500],
  ["of 64 KiB", 64 * KiB, 80],
  ["that are larger than a socket's", 300 * KiB, 12],
])("chunks %s come out in order", (_, size, count) => {
  for (const roomy of [true, false]) {
    const chunks = Array.from({ length: count }, () => randomBytes(size));
    const wanted = createHash("sha256").update(Buffer.concat(chunks)).digest("hex");
    expect(pour(new ChunkList(), chunks, roomy)).toBe(wanted);
  }
});

test("small bodies occupy what they have", () => {
  const list = new ChunkList();
  list.push(Buffer.alloc(12), true);
  list.push(Buffer.alloc(5_000), true);
  expect(list.memory).toBe(5_012);
  expect(list.take()).toMatchObject({ size: 5_012, memory: 5_012 });
  expect(list.memory).toBe(0);
});

test("the memory of a large body's chunks is given back at once, and its pages serve again", () => {
  const list = new ChunkList();
  for (let at = 0; at < 256 * KiB; at += 64 * KiB) list.push(ownCopy(randomBytes(64 * KiB)), true);
  list.take().release();
  const pages = new Set<ArrayBufferLike>();
  for (let batch = 0; batch < 4; batch++) {
    for (let at = 0; at < BATCH; at += 64 * KiB) {
      const chunk = ownCopy(randomBytes(64 * KiB));
      list.push(chunk, true);
      expect(chunk.length).toBe(0);
    }
    expect(list.memory).toBeLessThan(BATCH + 65 * KiB);
    const { chunks, release } = list.take();
    for (const { buffer } of chunks) pages.add(buffer);
    release();
  }
  expect(pages.size).toBe(1);
});

test("a chunk that shares its memory is left alone", () => {
  const list = new ChunkList();
  const shared = Buffer.alloc(1024 * KiB, "x");
  for (let at = 0; at < shared.length; at += 64 * KiB) list.push(shared.subarray(at, at + 64 * KiB), true);
  expect(shared.length).toBe(1024 * KiB);
  expect(list.take().size).toBe(1024 * KiB);
});

test("where memory is short a large body takes none beside its own", () => {
  const list = new ChunkList();
  for (let chunk = 0; chunk < 10; chunk++) list.push(ownCopy(randomBytes(64 * KiB)), false);
  expect(list.memory).toBe(640 * KiB);
});
