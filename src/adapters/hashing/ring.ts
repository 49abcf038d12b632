/** Orders that may wait for the thread, each with a slot for bytes. A power of two. */
export const SLOTS = 64;
/** Bytes of a slot: what Node reads from a socket at once. */
export const SLOT_BYTES = 64 * 1024;

/** Counters of orders given and done, of 32 bits that wrap around. */
const GIVEN = 0;
const DONE = 1;
const COUNTERS = 2;
const FIELDS = 3;

/** What the thread is asked to do with the state of number `state`. */
export const Order = {
  /** `argument`: the algorithm, as its place in DIGEST_ALGORITHMS. */
  start: 0,
  /** `argument`: the bytes in the slot. */
  update: 1,
  /** `argument`: the number of the new state. */
  fork: 2,
  /** `argument`: the number of the question, for the answer. */
  digest: 3,
  drop: 4,
} as const;
export type Order = (typeof Order)[keyof typeof Order];

/** Memory that two threads share. */
export interface RingMemory {
  readonly control: SharedArrayBuffer;
  readonly bytes: SharedArrayBuffer;
}

export function newRingMemory(): RingMemory {
  return {
    control: new SharedArrayBuffer((COUNTERS + SLOTS * FIELDS) * Int32Array.BYTES_PER_ELEMENT),
    bytes: new SharedArrayBuffer(SLOTS * SLOT_BYTES),
  };
}

/**
 * Orders from one thread to another, in order. The one that gives never blocks; the one that does them sleeps until
 * there is one.
 */
export class Ring {
  readonly #control: Int32Array;
  readonly #bytes: Buffer;
  /** This side's place. */
  #place = 0;

  constructor({ control, bytes }: RingMemory) {
    this.#control = new Int32Array(control);
    this.#bytes = Buffer.from(bytes);
  }

  /** Gives an order, with a copy of `bytes`. False when there is no room. */
  give(order: Order, state: number, argument: number, bytes?: Buffer): boolean {
    if (((this.#place - Atomics.load(this.#control, DONE)) | 0) >= SLOTS) return false;
    const slot = this.#place & (SLOTS - 1);
    this.#control.set([order, state, argument], COUNTERS + slot * FIELDS);
    bytes?.copy(this.#bytes, slot * SLOT_BYTES);
    this.#place = (this.#place + 1) | 0;
    Atomics.store(this.#control, GIVEN, this.#place);
    Atomics.notify(this.#control, GIVEN);
    return true;
  }

  /** Resolves when there may be room. */
  async room(): Promise<void> {
    const full = (this.#place - SLOTS) | 0;
    await Atomics.waitAsync(this.#control, DONE, full).value;
  }

  /** Lets those that wait for room look again. */
  wake(): void {
    Atomics.notify(this.#control, DONE);
  }

  /** Does the next order, for which it waits. */
  next(work: (order: Order, state: number, argument: number, slot: Buffer) => void): void {
    // Who gave the order before may wake this side after it was done.
    while (Atomics.load(this.#control, GIVEN) === this.#place) {
      Atomics.wait(this.#control, GIVEN, this.#place);
    }
    const slot = this.#place & (SLOTS - 1);
    const [order, state, argument] = this.#control.subarray(COUNTERS + slot * FIELDS);
    work(
      order as Order,
      state ?? 0,
      argument ?? 0,
      this.#bytes.subarray(slot * SLOT_BYTES, (slot + 1) * SLOT_BYTES),
    );
    this.#place = (this.#place + 1) | 0;
    Atomics.store(this.#control, DONE, this.#place);
    Atomics.notify(this.#control, DONE);
  }
}
