import { randomBytes } from "node:crypto";
import { afterAll, describe, expect, test } from "vitest";
import { openHashing } from "../../../src/adapters/hashing/index.ts";
import { type Digest, digestOf } from "../../../src/registry/digest.ts";
import type { RunningHash, UploadAddress } from "../../../src/registry/ports/index.ts";
import { appendToUpload } from "../../../src/registry/uploads/append.ts";
import { completeUpload } from "../../../src/registry/uploads/complete.ts";
import { findSession } from "../../../src/registry/uploads/find-session.ts";
import { cancelUpload, startUpload, uploadAtOnce } from "../../../src/registry/uploads/start.ts";
import { CAUSE } from "../../support/cause.ts";
import { GRACES, openTestRegistry } from "../../support/registry.ts";

const registry = await openTestRegistry();
// As on a machine with two cores, whatever this one has.
const ports = { ...registry.ports, hashing: openHashing(() => undefined, 2) };
afterAll(async () => {
  await ports.hashing.close();
  await registry.close();
});

const CONTENT = randomBytes(1024 * 1024);
const DIGEST = digestOf(CONTENT);

async function* whole(): AsyncIterable<Buffer> {
  for (let at = 0; at < CONTENT.length; at += 65_536) yield Buffer.from(CONTENT.subarray(at, at + 65_536));
}

/** The thread that hashes ends within the body. */
async function* cut(): AsyncIterable<Buffer> {
  let chunks = 0;
  for await (const chunk of whole()) {
    if (chunks++ === 8) await ports.hashing.close();
    yield chunk;
  }
}

test("an upload whose hash was lost is 503, leaves nothing, and can be repeated", async () => {
  const target = registry.target("lost/once");
  await registry.repository("lost/once");
  await expect(uploadAtOnce(ports, target, DIGEST, cut())).rejects.toMatchObject({ reason: "UNAVAILABLE" });
  await registry.settle();
  expect(await registry.stored()).toEqual([]);
  await uploadAtOnce(ports, target, DIGEST, whole());
  expect(await registry.keyOf("lost/once", DIGEST)).toBeDefined();
});

test("a session whose hash was lost between two requests is read back", async () => {
  const content = Buffer.concat([CONTENT, Buffer.from("and more")]);
  const address = await startUpload(ports, registry.target("lost/session"), "sha256");
  await appendToUpload(ports, { address, chunks: whole(), range: undefined });
  await ports.hashing.close();
  async function* rest(): AsyncIterable<Buffer> {
    yield Buffer.from("and more");
  }
  const request = { address, digest: digestOf(content), chunks: rest(), range: undefined, cause: CAUSE };
  const readBack = ports.knownUploads.readBack;
  await completeUpload(ports, request);
  expect(ports.knownUploads.readBack).toBe(readBack + 1);
  expect(await registry.keyOf("lost/session", digestOf(content))).toBeDefined();
});

test("a session keeps what it had when the hash of its next bytes is lost", async () => {
  const address = await startUpload(ports, registry.target("lost/kept"), "sha256");
  await appendToUpload(ports, { address, chunks: whole(), range: undefined });
  await expect(appendToUpload(ports, { address, chunks: cut(), range: undefined })).rejects.toMatchObject({
    reason: "UNAVAILABLE",
  });
  expect((await findSession(ports, address)).size).toBe(CONTENT.length);
  await completeUpload(ports, { address, digest: DIGEST, chunks: undefined, range: undefined, cause: CAUSE });
});

test("what comes faster than it is hashed is whole: no chunk is given away before it was taken", async () => {
  await registry.repository("lost/fast");
  const content = randomBytes(32 * 1024 * 1024);
  const digest = digestOf(content);
  /** Each with memory of its own, which storage takes as soon as it has copied it. */
  async function* chunks(): AsyncIterable<Buffer> {
    for (let at = 0; at < content.length; at += 65_536) {
      const chunk = Buffer.allocUnsafeSlow(65_536);
      content.copy(chunk, 0, at, at + 65_536);
      yield chunk;
    }
  }
  const target = registry.target("lost/fast");
  await Promise.all(Array.from({ length: 3 }, () => uploadAtOnce(ports, target, digest, chunks())));
  expect(await registry.keyOf("lost/fast", digest)).toBeDefined();
});

describe("every hash of an upload is freed when it ends", () => {
  let open = 0;
  const counted = (hash: RunningHash): RunningHash => {
    open++;
    let isOpen = true;
    return {
      update: (chunk) => hash.update(chunk),
      digest: () => hash.digest(),
      fork: () => counted(hash.fork()),
      close() {
        if (isOpen) open--;
        isOpen = false;
        hash.close();
      },
      get isLost() {
        return hash.isLost;
      },
    };
  };
  const { hashing } = ports;
  const counting: typeof ports = {
    ...ports,
    hashing: { start: (algorithm) => counted(hashing.start(algorithm)), close: () => hashing.close() },
  };
  const target = registry.target("freed/app");
  const session = async () => {
    const address = await startUpload(counting, target, "sha256");
    await appendToUpload(counting, { address, chunks: whole(), range: undefined });
    return address;
  };
  const completed = (address: UploadAddress, digest: Digest, chunks?: AsyncIterable<Buffer>) =>
    completeUpload(counting, { address, digest, chunks, range: undefined, cause: CAUSE });
  async function* rest(): AsyncIterable<Buffer> {
    yield Buffer.from("and more");
  }
  async function* broken(): AsyncIterable<Buffer> {
    yield CONTENT;
    throw new Error("the client hung up");
  }
  const more = digestOf(Buffer.concat([CONTENT, Buffer.from("and more")]));
  const wrong = digestOf(Buffer.from("something else"));

  test.each<[string, () => Promise<unknown>]>([
    ["is whole in one request", () => uploadAtOnce(counting, target, DIGEST, whole())],
    ["has a wrong digest in one request", () => uploadAtOnce(counting, target, wrong, whole())],
    ["is completed", async () => completed(await session(), DIGEST)],
    ["is completed with the last bytes", async () => completed(await session(), more, rest())],
    [
      "is completed with the digest of another algorithm",
      async () => completed(await session(), digestOf(CONTENT, "sha512")),
    ],
    [
      "is continued and completed",
      async () => {
        const address = await session();
        await appendToUpload(counting, { address, chunks: rest(), range: undefined });
        await completed(address, more);
      },
    ],
    ["is cancelled", async () => cancelUpload(counting, await session(), CAUSE)],
    [
      "is broken off and cancelled",
      async () => {
        const address = await startUpload(counting, target, "sha256");
        await appendToUpload(counting, { address, chunks: broken(), range: undefined }).catch(
          () => undefined,
        );
        await cancelUpload(counting, address, CAUSE);
      },
    ],
    [
      "has a wrong digest, and is cancelled",
      async () => {
        const address = await session();
        await completed(address, wrong, rest()).catch(() => undefined);
        await completed(address, wrong).catch(() => undefined);
        await cancelUpload(counting, address, CAUSE);
      },
    ],
    [
      "was taken over",
      async () => {
        const address = await session();
        const { uploads } = counting;
        await uploads.begin(address, { key: "00/taken", at: registry.clock.now() });
        await completed(address, DIGEST).catch(() => undefined);
        await cancelUpload(counting, address, CAUSE);
      },
    ],
  ])("when it %s", async (_, upload) => {
    await upload().catch(() => undefined);
    expect(open).toBe(0);
  });
});

test("an upload goes on for as long as its bytes flow, however slowly", async () => {
  const expiry = GRACES.uploadExpiry;
  const address = await startUpload(ports, registry.target("slow/app"), "sha256");
  async function* trickle(): AsyncIterable<Buffer> {
    for (let piece = 0; piece < 10; piece++) {
      yield Buffer.from(`piece ${piece}`);
      registry.clock.advance(expiry / 2);
      await registry.collect();
    }
  }
  expect(await appendToUpload(ports, { address, chunks: trickle(), range: undefined })).toBe(70);
  expect((await findSession(ports, address)).size).toBe(70);
});
