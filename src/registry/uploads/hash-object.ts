import { Writable } from "node:stream";
import type { Digest, DigestAlgorithm } from "../digest.ts";
import type { RegistryPorts } from "../ports/index.ts";

/** Reads an object back and computes its digest. */
export async function hashObject(
  { storage, hashing }: Pick<RegistryPorts, "storage" | "hashing">,
  key: string,
  size: number,
  algorithm: DigestAlgorithm,
): Promise<Digest> {
  const hash = hashing.start(algorithm);
  const sink = new Writable({
    write(chunk: Buffer, _encoding, done) {
      const taken = hash.update(chunk);
      if (taken === undefined) done();
      else void taken.then(() => done());
    },
  });
  const reader = await storage.read(key, size);
  await reader.copyTo(sink);
  return hash.digest();
}
