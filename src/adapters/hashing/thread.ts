import type { Hash } from "node:crypto";
import { parentPort, workerData } from "node:worker_threads";
import { DIGEST_ALGORITHMS, finishHash, newHash } from "../../registry/digest.ts";
import { Order, Ring, type RingMemory } from "./ring.ts";

/** What runs in the thread of a HashThread: does orders, and answers questions for digests, until it is ended. */
const ring = new Ring(workerData as RingMemory);
const states = new Map<
  number,
  { readonly algorithm: (typeof DIGEST_ALGORITHMS)[number]; readonly hash: Hash }
>();
for (;;) {
  ring.next((order, state, argument, slot) => {
    if (order === Order.start) {
      const algorithm = DIGEST_ALGORITHMS[argument] ?? "sha256";
      states.set(state, { algorithm, hash: newHash(algorithm) });
      return;
    }
    if (order === Order.drop) {
      states.delete(state);
      return;
    }
    const known = states.get(state);
    if (known === undefined) throw new Error(`there is no hash ${state}`);
    if (order === Order.update) known.hash.update(slot.subarray(0, argument));
    else if (order === Order.fork) states.set(argument, { ...known, hash: known.hash.copy() });
    else
      parentPort?.postMessage({ question: argument, digest: finishHash(known.algorithm, known.hash.copy()) });
  });
}
