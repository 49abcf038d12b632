import type { Writable } from "node:stream";

/**
 * What an upload session has stored and confirmed: kept by the session's row as JSON, opaque to the domain except for
 * `size`. `parts` and `tail` are used by object storage alone.
 */
export interface UploadContent {
  /** Confirmed bytes. */
  readonly size: number;
  /** Key of the file, or of the multipart upload; absent while nothing but a tail exists. */
  readonly key?: string;
  /** S3 UploadId of the multipart upload at `key`. */
  readonly multipart?: string;
  readonly parts?: readonly StoredPart[];
  /** Bytes after the last part, too few to be a part: an object of its own. */
  readonly tail?: { readonly key: string; readonly size: number };
}

/** A part of a multipart upload that S3 has: its number from 1, its ETag as S3 gave it, and its bytes. */
export interface StoredPart {
  readonly number: number;
  readonly etag: string;
  readonly size: number;
}

/** How an attempt proves, before it uses more storage, that no later attempt has taken its session over. */
export interface Fence {
  /** The first part number that no earlier attempt may use (1 for a new session). */
  readonly firstPart: number;
  /**
   * Reserves part numbers up to and including `part` and marks the session as alive.
   * Rejects when a later attempt has begun: the caller must then stop writing.
   */
  reserve(part: number): Promise<void>;
}

/** What one attempt may write to. */
export interface AttemptTarget {
  /** Confirmed content to append to; absent for an empty session. */
  readonly content: UploadContent | undefined;
  /** A fresh key, already known to the database, for whatever new object this attempt makes. */
  readonly attemptKey: string;
  /** An earlier attempt never ended: its writer may still be alive, so nothing that it can write to is touched. */
  readonly takeover: boolean;
  readonly fence: Fence;
}

/** One request's worth of bytes on their way to storage. */
export interface UploadAttempt {
  /** Takes bytes in order. Resolves when more may come (backpressure); the buffer is the storage's from now on. */
  write(chunk: Buffer): Promise<void>;
  /** Makes all bytes so far durable. After it, `write` may not be called again. */
  finish(): Promise<FinishedAttempt>;
  /** Frees memory and handles without confirming anything. Never rejects; may follow a failed `write` or `finish`. */
  abort(): Promise<void>;
}

/** What an attempt has stored. */
export interface FinishedAttempt {
  readonly content: UploadContent;
  /** Keys that the new content no longer needs; to be queued for deletion when the content is confirmed. */
  readonly garbage: readonly string[];
}

/** An object that content has become. */
export interface CompletedObject {
  readonly key: string;
  /** Keys as in {@link FinishedAttempt}. */
  readonly garbage: readonly string[];
  /** What the session holds now, should it go on: the object, which bytes can still be appended to. */
  readonly content: UploadContent;
}

/** A stored object, opened for reading. */
export interface BlobReader {
  /** Bytes that will come. */
  readonly size: number;
  /** All of them, where they are in memory: nobody may change them. */
  readonly bytes?: Buffer;
  /**
   * Writes all bytes to `sink` with backpressure and leaves `sink` open and without a listener. Rejects when storage
   * or sink fails, or when the sink closes early (code `ERR_STREAM_PREMATURE_CLOSE`). Call it once; afterwards the reader
   * is closed.
   */
  copyTo(sink: Writable): Promise<void>;
  /** Gives up without reading. Idempotent. */
  close(): void;
}

/** Inclusive byte positions, already validated against the object's size. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/**
 * Bytes under random keys (`[a-z0-9/-]`, at most 100 characters, never reused, never a digest).
 * Everything acknowledged is durable: `finish` and `complete` resolve only after the bytes survive a power cut.
 */
export interface BlobStorage {
  /** The name kept in `objects.store`. */
  readonly name: "filesystem" | "s3";
  /** Opens an attempt. Memory held by all attempts of the process is bounded. */
  begin(target: AttemptTarget): Promise<UploadAttempt>;
  /** Whether {@link complete} would do nothing but name the key. */
  isComplete(content: UploadContent): boolean;
  /**
   * Turns confirmed content into one readable object; never copies more than a part. Content of zero bytes is an object
   * too.
   */
  complete(content: UploadContent, fence: Fence): Promise<CompletedObject>;
  /** Keys (objects and unfinished multipart uploads) that belong to `content`. */
  keysOf(content: UploadContent): readonly string[];
  /** Opens an object of `size` bytes. Rejects with {@link ObjectMissingError} when there is none under `key`. */
  read(key: string, size: number, range?: ByteRange): Promise<BlobReader>;
  /** Removes the object and any unfinished multipart upload under `key`. Succeeds when there is nothing. */
  delete(key: string): Promise<void>;
  /** A URL from which a client may GET `key` for `seconds`, when clients can reach the storage; else undefined. */
  presign(key: string, seconds: number): Promise<string | undefined>;
  /** Resolves when storage is there to be read; rejects with the reason. */
  check(): Promise<void>;
  /** Resolves when storage takes new bytes; rejects with the reason, code `ENOSPC` where there is no room. */
  checkWrites(): Promise<void>;
  /** Current use of upload memory in bytes, for metrics. */
  bufferedBytes(): number;
  close(): Promise<void>;
}

/** The database names an object that storage does not have. */
export class ObjectMissingError extends Error {
  override readonly name = "ObjectMissingError";
  readonly key: string;
  constructor(key: string) {
    super(`storage has no object under key ${key}`);
    this.key = key;
  }
}
