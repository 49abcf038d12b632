import { LRUCache } from "lru-cache";
import type { Digest } from "../digest.ts";
import type { RunningHash } from "../ports/hashing.ts";
import type { BegunAttempt, UploadAddress, UploadSession } from "../ports/upload-store.ts";

/** Sessions that a process remembers; each costs less than a kilobyte. */
const SESSIONS_MAX = 10_000;
/** Milliseconds for which the attempt that a session was opened with may begin: far below the grace of its key. */
const OPENED_MAX = 60_000;

/** Milliseconds for which anything is remembered of a session in which nothing happens. */
const KNOWN_MAX = 24 * 3_600_000;

const NOTHING = { size: 0, digest: undefined };

/** An attempt that has begun, and the key under which it writes what is new. */
export interface OpenedAttempt {
  readonly begun: BegunAttempt;
  readonly key: string;
}

interface Known {
  readonly address: UploadAddress;
  readonly opened?: OpenedAttempt & { readonly at: Date };
  readonly confirmed?: UploadSession;
  readonly hash?: RunningHash | undefined;
  /** What `hash` has seen. */
  readonly size: number;
  readonly digest: Digest | undefined;
}

/**
 * What this process knows of sessions from its own last request on each, so that the next one need not ask for it or
 * read it back. A hint, and never decided by alone: every statement that changes a session names the version that it
 * believes in. Where other processes serve the same sessions (not `isAlone`), only hashes are kept: what else was known
 * would often be known too late. A database that crashed may give a version twice, to an attempt that begins after it:
 * so whatever begins makes the rest forgotten.
 */
export class KnownUploads {
  readonly isAlone: boolean;
  readonly #sessions: LRUCache<string, Known>;
  /** Uploads that had to be read back from storage to be hashed; a metric. */
  readBack = 0;

  /** `uploadExpiry`: milliseconds after which a session is forgotten in which nothing happened, for it has ended. */
  constructor({
    isAlone,
    uploadExpiry = KNOWN_MAX,
  }: { readonly isAlone: boolean; readonly uploadExpiry?: number }) {
    this.isAlone = isAlone;
    this.#sessions = new LRUCache({
      ...{ max: SESSIONS_MAX, ttl: Math.min(uploadExpiry, KNOWN_MAX), ttlAutopurge: true },
      noDisposeOnSet: true,
      dispose: ({ hash }) => hash?.close(),
    });
  }

  noteOpened(address: UploadAddress, opened: OpenedAttempt, at: Date): void {
    if (this.isAlone) this.#sessions.set(address.id, { address, opened: { ...opened, at }, ...NOTHING });
  }

  /** The attempt that a session was opened with, for the one request that comes first. */
  takeOpened(address: UploadAddress, at: Date): OpenedAttempt | undefined {
    const opened = this.#of(address)?.opened;
    if (opened === undefined) return undefined;
    this.#sessions.delete(address.id);
    return at.getTime() - opened.at.getTime() < OPENED_MAX ? opened : undefined;
  }

  /**
   * `hash` is this object's from now on, to be freed when the session ends or another hash takes its place. `isReady`: nothing but the commit is left to do. Only then is the session kept: the parts of others may be many. */
  noteConfirmed(
    address: UploadAddress,
    confirmed: UploadSession,
    { hash, isReady }: { readonly hash: RunningHash | undefined; readonly isReady: boolean },
  ): void {
    const { size, digest } = confirmed;
    const kept = this.isAlone && isReady ? { confirmed } : {};
    this.#sessions.peek(address.id)?.hash?.close();
    this.#sessions.set(address.id, { address, ...kept, hash, size, digest });
  }

  /** Another attempt is about to begin. What the hash has seen stays so. */
  noteBegun(id: string): void {
    const known = this.#sessions.get(id);
    if (known === undefined) return;
    const { address, hash, size, digest } = known;
    this.#sessions.set(id, { address, hash, size, digest });
  }

  /** The session as this process confirmed it last, when nothing has begun since. */
  confirmed(address: UploadAddress): UploadSession | undefined {
    return this.#of(address)?.confirmed;
  }

  /** A hash that has seen exactly the bytes that are confirmed: as many, and of that digest. */
  resumeHash({ id, size, digest }: Pick<UploadSession, "id" | "size" | "digest">): RunningHash | undefined {
    const known = this.#sessions.get(id);
    if (known === undefined || known.size !== size || known.digest !== digest) return undefined;
    return known.hash?.isLost === false ? known.hash.fork() : undefined;
  }

  forget(id: string): void {
    this.#sessions.delete(id);
  }

  /** Nobody learns of a session by the address of another one. */
  #of({ scope, name, id, principal }: UploadAddress): Known | undefined {
    const known = this.#sessions.get(id);
    if (known === undefined) return undefined;
    const { address } = known;
    const isSame = address.scope.id === scope.id && address.name === name && address.principal === principal;
    return isSame ? known : undefined;
  }
}
