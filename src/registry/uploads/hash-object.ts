import { Writable } from "node:stream";
import { type Digest, type DigestAlgorithm, finishHash, newHash } from "../digest.ts";
import type { BlobStorage } from "../ports/index.ts";

/** Reads an object back and computes its digest. */
export async function hashObject(
  storage: BlobStorage,
  key: string,
  size: number,
  algorithm: DigestAlgorithm,
): Promise<Digest> {
  const hash = newHash(algorithm);
  const sink = new Writable({
    write(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      done();
    },
  });
  const reader = await storage.read(key, size);
  await reader.copyTo(sink);
  return finishHash(algorithm, hash);
}
