import type { Cause } from "../../audit/cause.ts";
import type { Digest, DigestAlgorithm } from "../digest.ts";
import type { RepositoryName } from "../names.ts";
import type { RegistryId, Scope } from "../scope.ts";
import type { UploadContent } from "./blob-storage.ts";
import type { RepositoryId } from "./repository-store.ts";

/** What came of a session in parts that say which bytes they are. */
export interface UploadParts {
  readonly count: number;
  /** Whether a part that another one followed was smaller than it may be. */
  readonly hasSmall: boolean;
  /** The last one: its inclusive positions, and the SHA-256 of its bytes (64 hex characters). */
  readonly last: { readonly start: number; readonly end: number; readonly sha256: string };
}

/** An upload session as its row says. */
export interface UploadSession {
  readonly id: string;
  readonly repositoryId: RepositoryId;
  readonly registryId: RegistryId;
  readonly principal: string;
  readonly algorithm: DigestAlgorithm;
  /** The current attempt; bumped by every {@link UploadStore.begin}. */
  readonly version: number;
  /** Confirmed bytes. */
  readonly size: number;
  /** Digest of the confirmed bytes under `algorithm`, unless they must be read back to know it. */
  readonly digest: Digest | undefined;
  readonly content: UploadContent | undefined;
  /** Undefined while none has come in parts. Bytes that came otherwise since are not told of here. */
  readonly parts: UploadParts | undefined;
  /** An attempt has begun and not ended. */
  readonly writing: boolean;
}

/**
 * `gained`: the repository has a blob that it had not, or has its lost bytes again; `had already`: nothing but the end of
 * the session; `fenced`: nothing.
 */
export type UploadCommit = "gained" | "had already" | "fenced";

/** Names of principals from one to another, in the order of their bytes, both included. */
export interface PrincipalRange {
  readonly from: string;
  readonly to: string;
}

/** A session that is to be made. */
export interface NewUpload extends UploadAddress {
  readonly algorithm: DigestAlgorithm;
  /** Begins the first attempt (version 1) at once under this key. */
  readonly attemptKey?: string;
  /** Open sessions that those principals may have together. */
  readonly quota: { readonly principals: PrincipalRange; readonly max: number };
  readonly at: Date;
}

/** A session as its URL and its caller name it: the repository by name, so that no look-up of it must come before. */
export interface UploadAddress {
  readonly scope: Scope;
  readonly name: RepositoryName;
  readonly id: string;
  readonly principal: string;
}

/** Whether the session was made, and why not. */
export type UploadCreation =
  | { readonly created: true; readonly repositoryId: RepositoryId }
  /** `full`: the principal has as many sessions as it may have. */
  | { readonly created: false; readonly because: "full" | "repository unknown" };

/** `repository: false`: there is no such repository. `session` is undefined when the caller has none of that id there. */
export type UploadLookup =
  | { readonly repository: false }
  | { readonly repository: true; readonly session: UploadSession | undefined };

/** An attempt that may write: the session as confirmed, under its new version. */
export interface BegunAttempt extends UploadSession {
  /** The attempt before never ended; its writer may be alive. */
  readonly takeover: boolean;
  /** The first part number that no earlier attempt may use. */
  readonly firstPart: number;
}

/**
 * A session whose bytes are complete: an object of `size` bytes under `key`, of which `digest` was computed. `garbage`:
 * keys that are needed no more.
 */
export interface CommittedUpload {
  readonly id: string;
  readonly version: number;
  readonly repositoryId: RepositoryId;
  readonly registryId: RegistryId;
  readonly digest: Digest;
  readonly size: number;
  readonly key: string;
  readonly garbage: readonly string[];
  readonly cause: Cause;
  readonly at: Date;
}

/**
 * Upload sessions. Rows are written without waiting for the disk (the commit of a blob waits): a database crash may
 * forget a session, never a blob. "Fenced" = a later attempt has begun; its caller stops, and what it wrote is garbage
 * that the later attempt has already queued.
 */
export interface UploadStore {
  create(upload: NewUpload): Promise<UploadCreation>;
  /** One query. The sessions of a repository that was deleted went with it. */
  find(address: UploadAddress): Promise<UploadLookup>;
  /**
   * Bumps the version and notes `key` before anything is written under it. Undefined when there is no such repository
   * or session, or its size is not `expectedSize`: nothing has changed then.
   */
  begin(
    address: UploadAddress,
    attempt: { readonly key: string; readonly expectedSize?: number; readonly at: Date },
  ): Promise<BegunAttempt | undefined>;
  /** Reserves part numbers up to `part`, none for 0, and marks the session alive. False when fenced or cancelled. */
  reserve(id: string, version: number, part: number, at: Date): Promise<boolean>;
  /** Ends an attempt: what it stored is now the session's content. False when fenced, cancelled, or without repository. */
  confirm(
    id: string,
    version: number,
    confirmed: {
      readonly content: UploadContent;
      readonly digest: Digest | undefined;
      readonly garbage: readonly string[];
      /** With the part that the attempt brought; where it brought none, what is known of parts stays. */
      readonly parts?: UploadParts | undefined;
      readonly at: Date;
    },
  ): Promise<boolean>;
  /**
   * Ends an attempt without its bytes: the session is as before it. Also in that the writer from which it took the
   * session over may be alive, so that the next attempt takes over as well.
   */
  release(
    id: string,
    version: number,
    released: { readonly takeover: boolean; readonly garbage: readonly string[]; readonly at: Date },
  ): Promise<void>;
  /**
   * Ends the session, and the attempt of that version with it: the repository has the blob, durably. When the registry had it already, the new object is queued
   * for deletion; a blob whose bytes were lost gets the new object. Fenced also when cancelled or already committed.
   * @throws RegistryError NAME_UNKNOWN when the repository was deleted meanwhile
   */
  commit(upload: CommittedUpload): Promise<UploadCommit>;
  /** Whether this very session was the last to bring the blob of that digest to the repository, which has it still. */
  wasCompleted(address: UploadAddress, digest: Digest): Promise<boolean>;
  /**
   * Ends the session and queues its keys. Gives its repository, or undefined when there is no session, or, where a version
   * is given, when another attempt has begun since.
   */
  cancel(address: UploadAddress, at: Date, version?: number): Promise<RepositoryId | undefined>;
  /** Ends at most `limit` sessions that were last active before `before`; returns how many. */
  expire(before: Date, limit: number, at: Date): Promise<number>;
}
