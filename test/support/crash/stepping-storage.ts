import type { BlobStorage } from "../../../src/registry/ports/index.ts";
import type { Steps } from "./steps.ts";

/** The same storage, whose every call that changes something is a step before and a step after. */
export function steppingStorage(storage: BlobStorage, steps: Steps): BlobStorage {
  return {
    name: storage.name,
    isComplete: (content) => storage.isComplete(content),
    keysOf: (content) => storage.keysOf(content),
    bufferedBytes: () => storage.bufferedBytes(),
    close: () => storage.close(),
    read: (key, size, range) => storage.read(key, size, range),
    presign: (key, seconds) => storage.presign(key, seconds),
    check: () => storage.check(),
    checkWrites: () => storage.checkWrites(),
    delete: (key) => storage.delete(key),
    async begin(target) {
      steps.beginAttempt();
      const name = steps.attempt;
      const attempt = await steps.around(`storage begin ${name}`, () => storage.begin(target));
      return {
        write: (chunk) => steps.around(`storage write ${name}`, () => attempt.write(chunk)),
        finish: () => steps.around(`storage finish ${name}`, () => attempt.finish()),
        abort: () => attempt.abort(),
      };
    },
    complete: (content, fence) =>
      steps.around(`storage complete ${steps.attempt}`, () => storage.complete(content, fence)),
  };
}
