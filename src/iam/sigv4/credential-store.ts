import type { AccountPrincipal } from "../principal.ts";

/** An active access key, or the key of a session, as verification needs it. */
export interface SigningCredential {
  /** Readable: HMAC needs it. Never logged, never part of an error. */
  readonly secret: string;
  readonly principal: AccountPrincipal;
  /** SHA-256 in hex of the session token that must come along; undefined for long-lived keys, which have none. */
  readonly sessionTokenHash?: string | undefined;
  /** When temporary credentials end. */
  readonly expiresAt?: Date | undefined;
}

/** Where keys are looked up. */
export interface SigningCredentialStore {
  /** The active key of that id, asked for in a region; undefined when it does not exist, is inactive, or its principal is gone. */
  find(accessKeyId: string, region: string): Promise<SigningCredential | undefined>;
}
