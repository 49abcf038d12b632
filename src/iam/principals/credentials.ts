import type { Identity } from "./identity.ts";

/** An access key, or the key of a session, as verification needs it. */
export interface Credential {
  /** Readable: HMAC needs it. Never logged, never part of an error. */
  readonly secret: string;
  readonly principal: Identity;
  /** SHA-256 in hex of the session token that must come along; undefined for keys that last, which have none. */
  readonly sessionTokenHash: string | undefined;
  /** When temporary credentials end. */
  readonly expiresAt: Date | undefined;
  /** Of the account when the key was read: while it stays, the key is good. */
  readonly version: number;
}

export interface CredentialStore {
  /**
   * The key of that id; undefined when it does not exist, is inactive or revoked, its principal is gone, or its account
   * is disabled. One past its time is found, so that the caller can be told.
   */
  find(accessKeyId: string): Promise<Credential | undefined>;
}
