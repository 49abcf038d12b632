import { RegistryError, unavailable } from "./errors.ts";
import { type BlobStorage, ObjectMissingError } from "./ports/index.ts";

const FULL = new Set(["ENOSPC", "EDQUOT"]);

/** The same storage, whose failures are RegistryErrors UNAVAILABLE (503): a dependency failed, not Berth. */
export function guardStorage(storage: BlobStorage): BlobStorage {
  return {
    name: storage.name,
    isComplete: (content) => storage.isComplete(content),
    keysOf: (content) => storage.keysOf(content),
    bufferedBytes: () => storage.bufferedBytes(),
    close: () => storage.close(),
    async begin(target) {
      const attempt = await guarded(storage.begin(target));
      return {
        write: (chunk) => guarded(attempt.write(chunk)),
        finish: () => guarded(attempt.finish()),
        abort: () => attempt.abort(),
      };
    },
    complete: (content, fence) => guarded(storage.complete(content, fence)),
    // copyTo is not guarded: by then the answer has begun, and what fails may be the client.
    read: (key, size, range) => guarded(storage.read(key, size, range)),
    delete: (key) => guarded(storage.delete(key)),
    presign: (key, seconds) => guarded(storage.presign(key, seconds)),
    check: () => guarded(storage.check()),
    checkWrites: () => guarded(storage.checkWrites()),
  };
}

async function guarded<T>(result: Promise<T>): Promise<T> {
  try {
    return await result;
  } catch (error) {
    if (error instanceof RegistryError) throw error;
    if (error instanceof ObjectMissingError) throw unavailable("the content of this blob", error, 60);
    const full = FULL.has((error as { code?: string }).code ?? "");
    throw unavailable(full ? "storage (it is full)" : "storage", error, full ? 60 : 1);
  }
}
