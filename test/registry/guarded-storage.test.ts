import { PassThrough } from "node:stream";
import { describe, expect, test } from "vitest";
import { RegistryError } from "../../src/registry/errors.ts";
import { guardStorage } from "../../src/registry/guarded-storage.ts";
import { type BlobStorage, ObjectMissingError, type UploadAttempt } from "../../src/registry/ports/index.ts";
import { refusal } from "./refusal.ts";

const target = {
  content: undefined,
  attemptKey: "key",
  takeover: false,
  fence: { firstPart: 1, reserve: async () => undefined },
};
const content = { size: 3, key: "k" };

/** Storage that answers, or whose every promise fails with `error`. */
function storage(error?: unknown, attemptError = error): BlobStorage {
  const answer = <T>(value: T, failure = error): Promise<T> =>
    failure === undefined ? Promise.resolve(value) : Promise.reject(failure);
  const attempt: UploadAttempt = {
    write: () => answer(undefined, attemptError),
    finish: () => answer({ content, garbage: ["old"] }, attemptError),
    abort: () => answer(undefined, attemptError),
  };
  return {
    name: "s3",
    begin: () => answer(attempt),
    isComplete: () => true,
    complete: () => answer({ key: "k", garbage: [], content }),
    keysOf: () => ["k"],
    read: (_, size) =>
      answer({ size, copyTo: () => Promise.reject(new Error("broken pipe")), close: () => undefined }),
    delete: () => answer(undefined),
    presign: (key, seconds) => answer(`https://s3/${key}?${seconds}`),
    check: () => answer(undefined),
    checkWrites: () => answer(undefined),
    bufferedBytes: () => 42,
    close: () => answer(undefined),
  };
}

const CALLS: readonly (readonly [string, (guarded: BlobStorage) => Promise<unknown>])[] = [
  ["begin", (guarded) => guarded.begin(target)],
  ["complete", (guarded) => guarded.complete(content, target.fence)],
  ["read", (guarded) => guarded.read("k", 3)],
  ["delete", (guarded) => guarded.delete("k")],
  ["presign", (guarded) => guarded.presign("k", 60)],
  ["check", (guarded) => guarded.check()],
  ["checkWrites", (guarded) => guarded.checkWrites()],
];

describe("storage that works", () => {
  const guarded = guardStorage(storage());

  test("answers through the guard as it does without", async () => {
    expect(guarded.name).toBe("s3");
    expect(guarded.isComplete(content)).toBe(true);
    expect(guarded.keysOf(content)).toEqual(["k"]);
    expect(guarded.bufferedBytes()).toBe(42);
    expect(await guarded.complete(content, target.fence)).toEqual({ key: "k", garbage: [], content });
    expect(await guarded.presign("k", 60)).toBe("https://s3/k?60");
    expect(await (await guarded.begin(target)).finish()).toEqual({ content, garbage: ["old"] });
    expect((await guarded.read("k", 3)).size).toBe(3);
  });

  test("keeps a reader's own failure, which may be the client's", async () => {
    const reader = await guarded.read("k", 3);
    await expect(reader.copyTo(new PassThrough())).rejects.toThrow(new Error("broken pipe"));
  });
});

describe("a failure of storage", () => {
  test.each(CALLS)("in %s is 503, with its cause for the log alone", async (_, call) => {
    const cause = new Error("connect ECONNREFUSED 10.0.0.1:9000");
    const failure = await call(guardStorage(storage(cause))).catch((error: unknown) => error);
    expect(failure).toMatchObject({
      reason: "UNAVAILABLE",
      message: "storage is not available at the moment; try again",
      facts: { retryAfter: 1 },
      cause,
    });
  });

  test.each(["write", "finish"] as const)("in %s of an attempt is 503", async (call) => {
    const attempt = await guardStorage(storage(undefined, new Error("reset"))).begin(target);
    await expect(attempt[call](Buffer.from("x"))).rejects.toThrow(
      refusal("UNAVAILABLE", 503, /^storage is not/),
    );
  });

  test.each(["ENOSPC", "EDQUOT"])("for want of space (%s) says so and asks for patience", async (code) => {
    const cause = Object.assign(new Error("write"), { code });
    await expect(guardStorage(storage(cause)).check()).rejects.toMatchObject({
      message: "storage (it is full) is not available at the moment; try again",
      facts: { retryAfter: 60 },
    });
  });

  test("to find an object that the database names is told apart", async () => {
    const failure = guardStorage(storage(new ObjectMissingError("abc"))).read("abc", 3);
    await expect(failure).rejects.toMatchObject({
      reason: "UNAVAILABLE",
      message: "the content of this blob is not available at the moment; try again",
      facts: { retryAfter: 60 },
    });
  });

  test("that is no error object is 503 too", async () => {
    await expect(guardStorage(storage("timeout")).check()).rejects.toThrow(refusal("UNAVAILABLE", 503));
  });

  test("that is a RegistryError already stays what it is", async () => {
    const fenced = new RegistryError("RANGE_INVALID", "taken over");
    await expect(guardStorage(storage(fenced)).begin(target)).rejects.toBe(fenced);
  });
});
