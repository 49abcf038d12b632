import type { Digest, DigestAlgorithm } from "../digest.ts";

/** Computes digests of content of any size without holding up requests. */
export interface Hashing {
  /** A digest of nothing yet. */
  start(algorithm: DigestAlgorithm): RunningHash;
  /** Ends what works beside the event loop. Hashes that still run are lost. */
  close(): Promise<void>;
}

/** The digest of bytes that come one after another. Whoever has one closes it, or gives it to somebody who does. */
export interface RunningHash {
  /** Takes bytes, in order, and never fails: what went wrong shows in `digest`. A promise: wait before the next bytes. */
  update(chunk: Buffer): Promise<void> | undefined;
  /** Of all bytes so far; more may follow. @throws RegistryError UNAVAILABLE when it is lost */
  digest(): Promise<Digest>;
  /** Another one that has seen the same bytes and goes its own way from here. */
  fork(): RunningHash;
  /** Frees what it holds; it is of no use afterwards. Idempotent. */
  close(): void;
  /** It can give no digest any more: its bytes must be read again. */
  readonly isLost: boolean;
}
