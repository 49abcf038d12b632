import type { Cause } from "../../audit/cause.ts";
import type { SealedSecret } from "../master-key.ts";
import type { EntityId, Tags } from "../principals/entity.ts";

/** Temporary credentials as they are kept. */
export interface NewSession {
  /** `ASIA…`. */
  readonly accessKeyId: string;
  readonly account: string;
  readonly sealed: SealedSecret;
  /** SHA-256 of the session token. */
  readonly tokenHash: Buffer;
  readonly origin: SessionOrigin;
  /** JSON, at most 2,048 characters. */
  readonly policy: string | undefined;
  readonly policyArns: readonly string[];
  readonly tags: Tags;
  /** Tags that a role assumed from here has as well. */
  readonly transitiveTagKeys: readonly string[];
  readonly sourceIdentity: string | undefined;
  /** When an MFA device proved who asked for it. */
  readonly mfaAt: Date | undefined;
  readonly issuedAt: Date;
  readonly expiresAt: Date;
}

export type SessionOrigin =
  | { readonly kind: "assumed-role"; readonly role: EntityId; readonly sessionName: string }
  | {
      readonly kind: "web-identity";
      readonly role: EntityId;
      readonly sessionName: string;
      /** ARN of the identity provider. */
      readonly provider: string;
    }
  /** Of the user or root whose key asked for it. */
  | { readonly kind: "session-token"; readonly parentKey: string }
  /** Vouched for by the user or root whose key asked for it. */
  | { readonly kind: "federated-user"; readonly federatingKey: string; readonly sessionName: string };

/** What a caller's session hands on to the role that it assumes. */
export interface Inheritance {
  readonly tags: Tags;
  readonly transitiveTagKeys: readonly string[];
  readonly sourceIdentity: string | undefined;
}

/** A session without secrets. */
export interface SessionFacts {
  readonly accessKeyId: string;
  readonly account: string;
  readonly kind: SessionOrigin["kind"];
  readonly roleName: string | undefined;
  readonly sessionName: string | undefined;
  readonly issuedAt: Date;
  readonly expiresAt: Date;
  readonly revokedAt: Date | undefined;
}

export interface SessionStore {
  /** False when the role, or the key that asked for it, was deleted in the meantime. */
  insert(session: NewSession, cause: Cause): Promise<boolean>;
  inheritance(accessKeyId: string): Promise<Inheritance | undefined>;
  list(account: string, after: string, limit: number): Promise<readonly SessionFacts[]>;
  /** Ends a session before its time, on every node. False when there is none that lives. */
  revoke(account: string, accessKeyId: string, at: Date): Promise<boolean>;
  /** Ends every session of a role. */
  revokeAll(account: string, roleName: string, at: Date): Promise<number>;
  /** Forgets sessions that ended before `before`; some at a time. */
  deleteExpired(before: Date, limit: number): Promise<number>;
  /** The account of a key, lasting or temporary. */
  accountOfKey(accessKeyId: string): Promise<string | undefined>;
}
