import type { S3Config } from "../../config.ts";
import type {
  AttemptTarget,
  BlobReader,
  BlobStorage,
  ByteRange,
  CompletedObject,
  Fence,
  UploadAttempt,
  UploadContent,
} from "../../registry/ports/blob-storage.ts";
import { Bucket } from "./bucket.ts";
import { type Clients, encryptionHeaders, openClients } from "./clients.ts";
import { completeContent } from "./complete.ts";
import { minioFailure } from "./failure.ts";
import { UploadMemory } from "./memory.ts";
import { S3Reader } from "./reader.ts";
import { S3Upload, type UploadShare } from "./upload.ts";

export interface S3StorageOptions extends S3Config {
  /** Upload memory of the process, at least 8 MiB; above it uploads go at the storage's pace. */
  readonly bufferBudgetBytes?: number;
}

const DEFAULT_BUDGET = 128 * 1024 * 1024;
/** The one object that belongs to no blob: every start writes it. No blob has a key without a slash. */
export const PROBE_KEY = "berth-probe";

/** @throws Error that names bucket and endpoint when the bucket cannot be found, read or written */
export async function openS3Storage(options: S3StorageOptions): Promise<BlobStorage> {
  const clients = openClients(options);
  const bucket = new Bucket(clients, options.bucket, encryptionHeaders(options.encryption));
  try {
    await probe(bucket);
  } catch (error) {
    clients.close();
    const reason = error instanceof Error ? error.message : String(error);
    const where = `S3 bucket ${JSON.stringify(options.bucket)} at ${clients.endpoint}`;
    throw new Error(`${where} cannot be used: ${reason}`, { cause: error });
  }
  const memory = new UploadMemory(options.bufferBudgetBytes ?? DEFAULT_BUDGET);
  return new S3Storage(clients, options.bucket, { bucket, memory });
}

const PROBE = Buffer.from("Berth can write here\n");

async function probe(bucket: Bucket): Promise<void> {
  await mustExist(bucket);
  await bucket.put(PROBE_KEY, [PROBE]);
  (await bucket.open(PROBE_KEY, PROBE.length, undefined)).resume();
}

async function mustExist(bucket: Bucket): Promise<void> {
  if (!(await bucket.exists())) throw new Error("there is no such bucket");
}

/** Objects under their final key from the first byte; to complete one is to close its multipart upload. */
class S3Storage implements BlobStorage {
  readonly name = "s3";
  readonly #clients: Clients;
  readonly #bucketName: string;
  readonly #share: UploadShare;

  constructor(clients: Clients, bucketName: string, share: UploadShare) {
    this.#clients = clients;
    this.#bucketName = bucketName;
    this.#share = share;
  }

  async begin(target: AttemptTarget): Promise<UploadAttempt> {
    return new S3Upload(this.#share, target);
  }

  isComplete(content: UploadContent): boolean {
    return content.key === undefined;
  }

  complete(content: UploadContent, fence: Fence): Promise<CompletedObject> {
    return completeContent(this.#share, content, fence);
  }

  keysOf({ key, tail }: UploadContent): readonly string[] {
    return [...(key === undefined ? [] : [key]), ...(tail === undefined ? [] : [tail.key])];
  }

  async read(key: string, size: number, range?: ByteRange): Promise<BlobReader> {
    const response = await this.#share.bucket.open(key, size, range);
    return new S3Reader(key, response, range === undefined ? size : range.end - range.start + 1);
  }

  async delete(key: string): Promise<void> {
    const { bucket } = this.#share;
    // First: what is still being put together must not appear after its removal.
    await bucket.abortAll(key);
    await Promise.all([bucket.remove(key), bucket.remove(`${key}-tail`)]);
  }

  async presign(key: string, seconds: number): Promise<string | undefined> {
    const { external } = this.#clients;
    if (external === undefined) return undefined;
    try {
      return await external.presignedUrl("GET", this.#bucketName, key, seconds);
    } catch (error) {
      throw minioFailure("signature", error);
    }
  }

  /**
   * Shows that the endpoint answers, accepts the credentials and has the bucket: one HEAD, cheap enough for every few
   * seconds. That objects can be written and read was shown when the storage was opened.
   */
  check(): Promise<void> {
    return mustExist(this.#share.bucket);
  }

  checkWrites(): Promise<void> {
    return this.#share.bucket.put(PROBE_KEY, [PROBE]);
  }

  bufferedBytes(): number {
    return this.#share.memory.usedBytes;
  }

  async close(): Promise<void> {
    this.#clients.close();
  }
}
