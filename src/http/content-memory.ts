import type { IncomingMessage } from "node:http";
import { Refusal } from "./refusal.ts";

/** Bytes that bodies of one kind may have together, and those of them from one address. */
export interface BodyMemoryLimit {
  readonly all: number;
  readonly address: number;
}

const MIB = 1024 * 1024;

/** Room for eight parts of a layer of 10 MiB, which is what clients are told to send, and for half as many of one address. */
export const CONTENT_MEMORY: BodyMemoryLimit = { all: 80 * MIB, address: 40 * MIB };
/** Milliseconds that a body waits for room, at most: a client's patience ends after sixty seconds. */
const WAIT_MAX = 20_000;

interface Waiting {
  readonly from: string;
  readonly bytes: number;
  readonly admit: () => void;
}

/**
 * Memory of bodies that carry content and are kept as a whole, a few at a time. One whose turn has not come is not read
 * yet: its client sends no faster than that. Whoever waits for others from its own address holds up nobody else.
 */
export class ContentMemory {
  readonly #limits: BodyMemoryLimit;
  readonly #waitMax: number;
  readonly #held = new Map<string, number>();
  readonly #queue: Waiting[] = [];
  #all = 0;

  constructor(limits: BodyMemoryLimit = CONTENT_MEMORY, waitMax = WAIT_MAX) {
    this.#limits = limits;
    this.#waitMax = waitMax;
  }

  get heldBytes(): number {
    return this.#all;
  }

  /**
   * Waits until `bytes` are there for a request from that address. @returns what gives them back; any number of times
   * @throws Refusal UNAVAILABLE (503) with `Retry-After` where that takes too long, and where the client has gone
   */
  async reserve(request: IncomingMessage, from: string, bytes: number): Promise<() => void> {
    if (this.#queue.some((other) => other.from === from) || !this.#hasRoom(from, bytes)) {
      await this.#turn(request, from, bytes);
    } else this.#change(from, bytes);
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      this.#change(from, -bytes);
      this.#admitNext();
    };
  }

  #turn(request: IncomingMessage, from: string, bytes: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        clearTimeout(timer);
        request.off("close", giveUp);
      };
      const giveUp = (): void => {
        leave();
        this.#queue.splice(this.#queue.indexOf(waiting), 1);
        this.#admitNext();
        reject(noRoom());
      };
      const admit = (): void => {
        leave();
        this.#change(from, bytes);
        resolve();
      };
      const waiting = { from, bytes, admit };
      const timer = setTimeout(giveUp, this.#waitMax);
      timer.unref();
      request.once("close", giveUp);
      this.#queue.push(waiting);
    });
  }

  /** In order; those that only their own address keeps waiting are passed over. */
  #admitNext(): void {
    for (let at = 0; at < this.#queue.length; ) {
      const { from, bytes, admit } = this.#queue[at] as Waiting;
      if (this.#all + bytes > this.#limits.all) return;
      if (this.#hasRoom(from, bytes)) {
        this.#queue.splice(at, 1);
        admit();
      } else at++;
    }
  }

  #hasRoom(from: string, bytes: number): boolean {
    const { all, address } = this.#limits;
    return this.#all + bytes <= all && (this.#held.get(from) ?? 0) + bytes <= address;
  }

  #change(from: string, bytes: number): void {
    const held = (this.#held.get(from) ?? 0) + bytes;
    this.#all += bytes;
    if (held > 0) this.#held.set(from, held);
    else this.#held.delete(from);
  }
}

function noRoom(): Refusal {
  return new Refusal("UNAVAILABLE", "there are too many uploads of parts at the moment; try again", {
    headers: { "Retry-After": "1" },
  });
}
