import { Writable } from "node:stream";
import type { Digest, DigestAlgorithm } from "../digest.ts";
import type { RegistryPorts } from "../ports/index.ts";

/** Reads an object back and computes its digest. `onProgress` is called with every piece, and may end it by its failure. */
export async function hashObject(
  { storage, hashing }: Pick<RegistryPorts, "storage" | "hashing">,
  key: string,
  size: number,
  algorithm: DigestAlgorithm,
  onProgress: () => Promise<void> | undefined,
): Promise<Digest> {
  const hash = hashing.start(algorithm);
  const sink = new Writable({
    write(chunk: Buffer, _encoding, done) {
      const taken = hash.update(chunk);
      const told = onProgress();
      if (taken === undefined && told === undefined) done();
      else Promise.all([taken, told]).then(() => done(), done);
    },
  });
  try {
    const reader = await storage.read(key, size);
    await reader.copyTo(sink);
    return await hash.digest();
  } finally {
    hash.close();
  }
}
