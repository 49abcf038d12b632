import { availableParallelism } from "node:os";
import type { Hashing } from "../../registry/ports/hashing.ts";
import { GrowingHash, Prefixes } from "./growing-hash.ts";
import { HashThread } from "./hash-thread.ts";
import { LocalHash } from "./local-hash.ts";

/**
 * Hashes small content where it is and large content in a thread of its own, so that the event loop receives and sends
 * meanwhile. On a machine with one core everything is hashed where it is.
 */
export function openHashing(cores = availableParallelism()): Hashing {
  let thread: HashThread | undefined;
  const prefixes = new Prefixes();
  const runningThread = (): HashThread => {
    if (thread === undefined || thread.isLost) thread = new HashThread();
    return thread;
  };
  return {
    start: (algorithm) =>
      cores > 1 ? new GrowingHash(algorithm, runningThread, prefixes) : new LocalHash(algorithm),
    async close() {
      await thread?.close();
    },
  };
}
