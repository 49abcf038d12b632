import type { IncomingMessage } from "node:http";
import { Refusal } from "./refusal.ts";

/** What is known of whoever sends a body: nobody yet, the owner of a key that exists, or a principal that proved itself. */
export type Standing = "unknown" | "claimed" | "proven";

/** Bytes that all bodies of the process may have together, for one of a standing to be taken. */
export type BodyMemoryLimits = Readonly<Record<Standing, number>>;

const MIB = 1024 * 1024;

/** Whoever proved nothing cannot take what is left for those who did. */
export const BODY_MEMORY: BodyMemoryLimits = { unknown: 16 * MIB, claimed: 64 * MIB, proven: 96 * MIB };

/** What one request holds. */
export interface BodyLease {
  /** `unknown` at first. */
  standing: Standing;
  /** Before `bytes` are kept. @throws RegistryError UNAVAILABLE (503) with `Retry-After` where there is no room */
  take(bytes: number): void;
  /** Gives everything back; any number of times. */
  release(): void;
}

const leases = new WeakMap<IncomingMessage, BodyLease>();

/** The lease of a request; undefined where none was opened for it. */
export function leaseOf(request: IncomingMessage): BodyLease | undefined {
  return leases.get(request);
}

/** What has become known of the sender of a request. */
export function setStanding(request: IncomingMessage, standing: Standing): void {
  const lease = leases.get(request);
  if (lease !== undefined) lease.standing = standing;
}

/** The memory of bodies that are read as a whole (manifests, forms, JSON): one budget for the process. */
export class BodyMemory {
  readonly #limits: BodyMemoryLimits;
  #held = 0;
  #refused = 0;

  constructor(limits: BodyMemoryLimits = BODY_MEMORY) {
    this.#limits = limits;
  }

  /** Bytes held now. */
  get heldBytes(): number {
    return this.#held;
  }

  /** Bodies that there was no room for, so far. */
  get refused(): number {
    return this.#refused;
  }

  /** To be released when the request has been handled, whatever came of it. */
  open(request: IncomingMessage): BodyLease {
    let own = 0;
    const lease: BodyLease = {
      standing: "unknown",
      take: (bytes) => {
        if (this.#held + bytes > this.#limits[lease.standing]) {
          this.#refused++;
          throw noRoom();
        }
        own += bytes;
        this.#held += bytes;
      },
      release: () => {
        this.#held -= own;
        own = 0;
      },
    };
    leases.set(request, lease);
    return lease;
  }
}

function noRoom(): Refusal {
  return new Refusal("UNAVAILABLE", "there are too many requests with large bodies; try again", {
    headers: { "Retry-After": "1" },
  });
}
