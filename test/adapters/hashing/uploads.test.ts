import { randomBytes } from "node:crypto";
import { afterAll, expect, test } from "vitest";
import { openHashing } from "../../../src/adapters/hashing/index.ts";
import { digestOf } from "../../../src/registry/digest.ts";
import { appendToUpload } from "../../../src/registry/uploads/append.ts";
import { completeUpload } from "../../../src/registry/uploads/complete.ts";
import { findSession } from "../../../src/registry/uploads/find-session.ts";
import { startUpload, uploadAtOnce } from "../../../src/registry/uploads/start.ts";
import { CAUSE } from "../../support/cause.ts";
import { openTestRegistry } from "../../support/registry.ts";

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
