import type { IncomingMessage } from "node:http";
import { type BodyMemoryLimit, ContentMemory } from "./content-memory.ts";
import { Refusal } from "./refusal.ts";

/** What is known of whoever sends a body: nobody yet, the owner of a key that exists, or a principal that proved itself. */
export type Standing = "unknown" | "claimed" | "proven";

export type BodyMemoryLimits = Readonly<Record<Standing, BodyMemoryLimit>>;

const MIB = 1024 * 1024;

/**
 * Each standing has what is its own, so that whoever proved nothing takes nothing from those who did, nor they from whoever
 * is about to. One address, with many machines behind it or one neighbour who is slow, leaves room for others.
 */
export const BODY_MEMORY: BodyMemoryLimits = {
  unknown: { all: 16 * MIB, address: 4 * MIB },
  claimed: { all: 56 * MIB, address: 28 * MIB },
  proven: { all: 56 * MIB, address: 28 * MIB },
};

/** What one request holds. */
export interface BodyLease {
  /** `unknown` at first. */
  standing: Standing;
  /** Before `bytes` are kept. @throws RegistryError UNAVAILABLE (503) with `Retry-After` where there is no room */
  take(bytes: number): void;
  /** Before a body of content is read, of which `bytes` will be kept. See {@link ContentMemory}. */
  reserve(bytes: number): Promise<void>;
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

/** The memory of bodies that are read as a whole (manifests, forms, JSON): one for the process. */
export class BodyMemory {
  readonly #limits: BodyMemoryLimits;
  readonly #content: ContentMemory;
  readonly #pools: Readonly<Record<Standing, Pool>> = {
    unknown: newPool(),
    claimed: newPool(),
    proven: newPool(),
  };
  #refused = 0;

  constructor(limits: BodyMemoryLimits = BODY_MEMORY, content = new ContentMemory()) {
    this.#limits = limits;
    this.#content = content;
  }

  /** Bytes held now. */
  get heldBytes(): number {
    return Object.values(this.#pools).reduce((sum, { held }) => sum + held, this.#content.heldBytes);
  }

  /** Bodies that there was no room for, so far. */
  get refused(): number {
    return this.#refused;
  }

  /** To be released when the request has been handled, whatever came of it. `from` is where it comes from. */
  open(request: IncomingMessage, from: string): BodyLease {
    const own: Record<Standing, number> = { unknown: 0, claimed: 0, proven: 0 };
    let giveBack: (() => void) | undefined;
    let isOpen = true;
    const lease: BodyLease = {
      standing: "unknown",
      take: (bytes) => {
        const { standing } = lease;
        const pool = this.#pools[standing];
        const { all, address } = this.#limits[standing];
        if (pool.held + bytes > all || (pool.from.get(from) ?? 0) + bytes > address) {
          this.#refused++;
          throw noRoom();
        }
        own[standing] += bytes;
        change(pool, from, bytes);
      },
      reserve: async (bytes) => {
        const give = await this.#content.reserve(request, from, bytes);
        if (isOpen) giveBack = give;
        else give();
      },
      release: () => {
        isOpen = false;
        giveBack?.();
        for (const standing of STANDINGS) {
          if (own[standing] > 0) change(this.#pools[standing], from, -own[standing]);
          own[standing] = 0;
        }
      },
    };
    leases.set(request, lease);
    return lease;
  }
}

const STANDINGS = ["unknown", "claimed", "proven"] as const;

/** What is held of one standing. */
interface Pool {
  held: number;
  /** By address, as far as any is held from there. */
  readonly from: Map<string, number>;
}

function newPool(): Pool {
  return { held: 0, from: new Map() };
}

function change(pool: Pool, from: string, bytes: number): void {
  const held = (pool.from.get(from) ?? 0) + bytes;
  pool.held += bytes;
  if (held > 0) pool.from.set(from, held);
  else pool.from.delete(from);
}

function noRoom(): Refusal {
  return new Refusal("UNAVAILABLE", "there are too many requests with large bodies; try again", {
    headers: { "Retry-After": "1" },
  });
}
