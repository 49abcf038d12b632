import { createHash, randomBytes } from "node:crypto";
import { Writable } from "node:stream";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type BlobStorage, ObjectMissingError } from "../../../src/registry/ports/blob-storage.ts";
import { MiB, newKey, pour, readAll, Session, store } from "./session.ts";

/** One kind of storage, ready to be opened. */
export interface StorageKind {
  open(options: { readonly bufferBudgetBytes?: number }): Promise<BlobStorage>;
  /** Keys of objects and unfinished uploads that begin with `prefix`. */
  stored(prefix: string): Promise<string[]>;
  /** Bytes that each upload may hold beside the budget. */
  readonly unbudgeted: number;
  /** Whether nothing that was on its way can land after an abort. */
  readonly abortsExactly: boolean;
  close(): Promise<void>;
}

/** What every storage promises (`BlobStorage`). */
export function describeBlobStorage(name: string, start: () => Promise<StorageKind>): void {
  describe(name, () => {
    let kind: StorageKind;
    let storage: BlobStorage;
    beforeAll(async () => {
      kind = await start();
      storage = await kind.open({});
    });
    afterAll(async () => {
      expect(storage.bufferedBytes()).toBe(0);
      await storage.close();
      await kind.close();
    });

    const digest = (bytes: Buffer): string => createHash("sha256").update(bytes).digest("hex");
    const expectObject = async (key: string, bytes: Buffer): Promise<void> => {
      expect(digest(await readAll(storage, key, bytes.length))).toBe(digest(bytes));
    };

    test("is ready", async () => {
      await storage.check();
      await storage.checkWrites();
    });

    test.each([1000, 10 * MiB + 7])("reads ranges of %i bytes", async (size) => {
      const bytes = randomBytes(size);
      const key = await store(storage, bytes);
      await expectObject(key, bytes);
      const ranges = [
        [0, 0],
        [Math.floor(size / 3), Math.floor(size / 2)],
        [size - 1, size - 1],
        [0, size - 1],
      ] as const;
      for (const [start, end] of ranges) {
        const read = await readAll(storage, key, size, { start, end });
        expect(read.equals(bytes.subarray(start, end + 1))).toBe(true);
      }
    });

    test("keeps an object of zero bytes", async () => {
      const session = new Session(storage);
      await session.append(Buffer.alloc(0));
      expect(session.content?.size).toBe(0);
      const key = await session.complete();
      expect((await readAll(storage, key, 0)).length).toBe(0);
    });

    test("appends to a session of zero bytes", async () => {
      const session = new Session(storage);
      await session.append(Buffer.alloc(0));
      await session.append(Buffer.from("abc"));
      await session.append(Buffer.alloc(0));
      await expectObject(await session.complete(), Buffer.from("abc"));
    });

    test.each([
      [[1]],
      [[64 * 1024], [1]],
      [[8 * MiB]],
      [[8 * MiB - 1], [1]],
      [[1], [5 * MiB - 1], [5 * MiB], [8 * MiB + 3], [1], [0], [3 * MiB]],
      [[20 * MiB + 1], [5 * MiB - 1], [1], [17 * MiB]],
      [[6 * MiB], [6 * MiB], [1]],
    ])("puts requests of %j … bytes together", async (...requests: number[][]) => {
      const bodies = requests.flat().map((size) => randomBytes(size));
      const session = new Session(storage);
      for (const [index, body] of bodies.entries())
        await session.append(body, index % 2 === 0 ? 65_536 : 100_001);
      const whole = Buffer.concat(bodies);
      expect(session.content?.size).toBe(whole.length);
      const key = await session.complete();
      await expectObject(key, whole);
      for (const old of session.garbage) await storage.delete(old);
      await expectObject(key, whole);
      await storage.delete(key);
      for (const old of [key, ...session.garbage]) expect(await kind.stored(old)).toEqual([]);
    });

    test.each([100, 12 * MiB, 20 * MiB])("appends to %i bytes that were an object already", async (size) => {
      const session = new Session(storage);
      const [bytes, more] = [randomBytes(size), randomBytes(9 * MiB)];
      await session.append(bytes.subarray(0, size / 2));
      await session.append(bytes.subarray(size / 2));
      await expectObject(await session.complete(), bytes);
      await session.append(more.subarray(0, 7));
      await session.append(more.subarray(7));
      const key = await session.complete();
      for (const old of session.garbage) await storage.delete(old);
      await expectObject(key, Buffer.concat([bytes, more]));
    });

    test("takes a body in chunks of one byte", async () => {
      const bytes = randomBytes(70_000);
      const session = new Session(storage);
      await session.append(bytes, 1);
      await expectObject(await session.complete(), bytes);
    });

    test.each([100, 3 * MiB, 20 * MiB])(
      "leaves nothing of an attempt aborted after %i bytes",
      async (size) => {
        const session = new Session(storage);
        const { attempt, key } = await session.begin();
        await pour(attempt, randomBytes(size));
        await attempt.abort();
        await attempt.abort();
        expect(storage.bufferedBytes()).toBe(0);
        if (kind.abortsExactly) expect(await kind.stored(key)).toEqual([]);
        // A part that was on its way may land after the abort (S3, AbortMultipartUpload): the key's deletion takes it.
        const left = async (): Promise<string[]> => {
          await storage.delete(key);
          return kind.stored(key);
        };
        await expect.poll(left, { timeout: 5_000 }).toEqual([]);
        await expect(attempt.write(Buffer.from("x"))).rejects.toThrow();
        await expect(attempt.finish()).rejects.toThrow();
      },
    );

    test.each([100, 20 * MiB])("keeps %i confirmed bytes when a later attempt is aborted", async (size) => {
      const bytes = randomBytes(size);
      const session = new Session(storage);
      await session.append(bytes);
      const { attempt } = await session.begin();
      await pour(attempt, randomBytes(12 * MiB));
      await attempt.abort();
      const more = randomBytes(1000);
      await session.append(more);
      await expectObject(await session.complete(), Buffer.concat([bytes, more]));
    });

    test.each([0, 100, 7 * MiB, 21 * MiB])(
      "gives a session of %i bytes to the later writer while the stalled one goes on",
      async (size) => {
        const bytes = randomBytes(size);
        const session = new Session(storage);
        if (size > 0) await session.append(bytes);
        const stalled = await session.begin();
        await pour(stalled.attempt, randomBytes(9 * MiB));
        const winner = await session.begin();
        const won = randomBytes(18 * MiB + 5);
        const goingOn = pour(stalled.attempt, randomBytes(18 * MiB)).then(() => stalled.attempt.finish());
        const [late] = await Promise.allSettled([goingOn, pour(winner.attempt, won)]);
        expect(winner.confirm(await winner.attempt.finish())).toBe(true);
        if (late.status === "fulfilled") expect(stalled.confirm(late.value)).toBe(false);
        await stalled.attempt.abort();
        await expectObject(await session.complete(), Buffer.concat([bytes, won]));
      },
    );

    test("keeps the bytes of a session that is taken over and completed without more", async () => {
      for (const size of [1000, 9 * MiB]) {
        const bytes = randomBytes(size);
        const session = new Session(storage);
        await session.append(bytes);
        const stalled = await session.begin();
        await pour(stalled.attempt, randomBytes(2 * MiB));
        await session.append(Buffer.alloc(0));
        await stalled.attempt.abort();
        for (const old of session.garbage) await storage.delete(old);
        await expectObject(await session.complete(), bytes);
      }
    });

    test("keeps concurrent writers apart", async () => {
      const bodies = Array.from({ length: 12 }, (_, index) => randomBytes(index * 700_001));
      const keys = await Promise.all(bodies.map((body) => store(storage, body)));
      expect(new Set(keys).size).toBe(bodies.length);
      for (const [index, body] of bodies.entries()) await expectObject(keys[index] ?? "", body);
    });

    test("completes twice with the same key", async () => {
      const bytes = randomBytes(9 * MiB);
      const session = new Session(storage);
      await session.append(bytes);
      const key = await session.complete();
      expect(await session.complete()).toBe(key);
      await expectObject(key, bytes);
    });

    test("names the keys of content", async () => {
      for (const size of [10, 9 * MiB]) {
        const session = new Session(storage);
        await session.append(randomBytes(size));
        const { content } = session;
        if (content === undefined) throw new Error("no content");
        const keys = storage.keysOf(content);
        for (const key of keys) await storage.delete(key);
        for (const key of keys) expect(await kind.stored(key)).toEqual([]);
        await session.complete().catch(() => undefined);
        expect(keys.length).toBeGreaterThan(0);
      }
    });

    test("deletes twice, and what never was", async () => {
      const key = await store(storage, randomBytes(100));
      await storage.delete(key);
      await storage.delete(key);
      await storage.delete(newKey());
      await expect(storage.read(key, 100)).rejects.toThrow(ObjectMissingError);
    });

    test("says that an object is missing", async () => {
      const key = newKey();
      await expect(storage.read(key, 10)).rejects.toThrow(ObjectMissingError);
      await expect(storage.read(key, 10, { start: 0, end: 1 })).rejects.toThrow(ObjectMissingError);
    });

    test("gives up on a sink that closes early", async () => {
      const key = await store(storage, randomBytes(20 * MiB));
      let come = 0;
      const sink = new Writable({
        write(chunk: Buffer, _encoding, done) {
          come += chunk.length;
          if (come > 2 * MiB) this.destroy();
          else done();
        },
      });
      const reader = await storage.read(key, 20 * MiB);
      await expect(reader.copyTo(sink)).rejects.toMatchObject({ code: "ERR_STREAM_PREMATURE_CLOSE" });
      expect(come).toBeLessThan(8 * MiB);
    });

    test("passes a sink's failure on and leaves a good sink open", async () => {
      const key = await store(storage, randomBytes(MiB));
      const broken = new Writable({ write: (_chunk, _encoding, done) => done(new Error("no more")) });
      await expect((await storage.read(key, MiB)).copyTo(broken)).rejects.toThrow("no more");
      const good = new Writable({ write: (_chunk, _encoding, done) => done() });
      await (await storage.read(key, MiB)).copyTo(good);
      expect(good.writable).toBe(true);
    });

    test.each([1000, 2 * MiB])("leaves no listener on a sink that took %i bytes", async (size) => {
      const key = await store(storage, randomBytes(size));
      const sink = new Writable({ write: (_chunk, _encoding, done) => done() });
      const before = sink.eventNames();
      await (await storage.read(key, size)).copyTo(sink);
      expect(sink.eventNames()).toEqual(before);
    });

    test("a slow sink holds storage back", async () => {
      const key = await store(storage, randomBytes(20 * MiB));
      const release = Promise.withResolvers<void>();
      let come = 0;
      const sink = new Writable({
        write(chunk: Buffer, _encoding, done) {
          come += chunk.length;
          release.promise.then(() => done());
        },
      });
      const copied = (await storage.read(key, 20 * MiB)).copyTo(sink);
      // Another reader, that nothing holds up, gets all of it meanwhile.
      await (await storage.read(key, 20 * MiB)).copyTo(
        new Writable({ write: (_chunk, _encoding, done) => done() }),
      );
      expect(come + sink.writableLength).toBeLessThan(2 * MiB);
      release.resolve();
      await copied;
      expect(come).toBe(20 * MiB);
    });

    test("a reader is closed without reading, twice, and used once", async () => {
      const key = await store(storage, randomBytes(3 * MiB));
      const closed = await storage.read(key, 3 * MiB);
      closed.close();
      closed.close();
      const sink = new Writable({ write: (_chunk, _encoding, done) => done() });
      await expect(closed.copyTo(sink)).rejects.toThrow();
      const used = await storage.read(key, 3 * MiB);
      await used.copyTo(sink);
      used.close();
      await expect(used.copyTo(sink)).rejects.toThrow();
    });

    test("30 uploads of 20 MiB share a budget of 32 MiB", { timeout: 120_000 }, async () => {
      const small = await kind.open({ bufferBudgetBytes: 32 * MiB });
      const bytes = randomBytes(20 * MiB);
      let most = 0;
      const upload = async (): Promise<void> => {
        const session = new Session(small);
        const { attempt, confirm } = await session.begin();
        for (let at = 0; at < bytes.length; at += 65_536) {
          await attempt.write(bytes.subarray(at, at + 65_536));
          most = Math.max(most, small.bufferedBytes());
        }
        confirm(await attempt.finish());
        const key = await session.complete();
        expect(digest(await readAll(small, key, bytes.length))).toBe(digest(bytes));
        for (const old of [key, ...session.garbage]) await small.delete(old);
      };
      await Promise.all(Array.from({ length: 30 }, upload));
      expect(most).toBeLessThanOrEqual(32 * MiB + 30 * kind.unbudgeted);
      expect(small.bufferedBytes()).toBe(0);
      await small.close();
    });
  });
}
