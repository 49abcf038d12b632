import { failureClassOf } from "../http/ops/failure-class.ts";
import { label, type Metrics } from "../metrics.ts";
import type { BlobStorage, UploadAttempt } from "../registry/ports/index.ts";

const SECONDS = [0.001, 0.005, 0.025, 0.1, 0.5, 1, 5, 30];

type Observe = <T>(operation: string, result: Promise<T>) => Promise<T>;

/** The same storage, whose operations are timed, and their failures counted by kind. */
export function observeStorage(storage: BlobStorage, metrics: Metrics): BlobStorage {
  const seconds = metrics.histogram(
    "berth_storage_seconds",
    "Duration of operations of the storage.",
    SECONDS,
  );
  const errors = metrics.counter(
    "berth_storage_errors_total",
    "Operations of the storage that failed, by operation and kind of failure.",
  );
  const observe: Observe = (operation, result) => {
    const start = performance.now();
    const named = label("operation", operation);
    result.then(
      () => seconds.observe((performance.now() - start) / 1000, named),
      (error: unknown) => errors.add(1, `${named},${label("reason", failureClassOf(error))}`),
    );
    return result;
  };
  return {
    name: storage.name,
    isComplete: (content) => storage.isComplete(content),
    keysOf: (content) => storage.keysOf(content),
    bufferedBytes: () => storage.bufferedBytes(),
    close: () => storage.close(),
    begin: async (target) => observedAttempt(await observe("begin", storage.begin(target)), observe),
    complete: (content, fence) => observe("complete", storage.complete(content, fence)),
    read: (key, size, range) => observe("read", storage.read(key, size, range)),
    delete: (key) => observe("delete", storage.delete(key)),
    // Nothing is asked for a URL that is only signed.
    presign: (key, seconds) => storage.presign(key, seconds),
    check: () => observe("check", storage.check()),
    checkWrites: () => observe("check_writes", storage.checkWrites()),
  };
}

function observedAttempt(attempt: UploadAttempt, observe: Observe): UploadAttempt {
  return {
    write: (chunk) => observe("write", attempt.write(chunk)),
    finish: () => observe("finish", attempt.finish()),
    abort: () => attempt.abort(),
  };
}
