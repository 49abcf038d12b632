import { createHash, randomBytes } from "node:crypto";
import { S3Refusal } from "./signature.ts";

const PART_MIN = 5 * 1024 * 1024;

interface Upload {
  readonly key: string;
  readonly initiated: Date;
  readonly parts: Map<number, { readonly bytes: Buffer; readonly etag: string }>;
}

export interface PartName {
  readonly number: number;
  readonly etag: string;
}

/** One bucket in memory. */
export class ObjectStore {
  readonly #objects = new Map<string, Buffer>();
  readonly #uploads = new Map<string, Upload>();

  keys(): string[] {
    return [...this.#objects.keys()].toSorted();
  }

  put(key: string, bytes: Buffer): string {
    this.#objects.set(key, bytes);
    return etagOf(bytes);
  }

  get(key: string): Buffer {
    const bytes = this.#objects.get(key);
    if (bytes === undefined) throw new S3Refusal(404, "NoSuchKey", "The specified key does not exist.");
    return bytes;
  }

  remove(key: string): void {
    this.#objects.delete(key);
  }

  initiate(key: string): string {
    const id = `u-${randomBytes(16).toString("hex")}`;
    this.#uploads.set(id, { key, initiated: new Date(), parts: new Map() });
    return id;
  }

  putPart(key: string, id: string, number: number, bytes: Buffer): string {
    if (!(number >= 1 && number <= 10_000)) {
      throw new S3Refusal(400, "InvalidArgument", "Part number must be an integer between 1 and 10000");
    }
    const etag = etagOf(bytes);
    this.#upload(key, id).parts.set(number, { bytes, etag });
    return etag;
  }

  complete(key: string, id: string, names: readonly PartName[]): string {
    const upload = this.#upload(key, id);
    const parts = names.map(({ number, etag }, index) => {
      const part = upload.parts.get(number);
      if (part?.etag !== etag) {
        throw new S3Refusal(400, "InvalidPart", "One or more of the specified parts could not be found.");
      }
      if (number <= (names[index - 1]?.number ?? 0)) {
        throw new S3Refusal(400, "InvalidPartOrder", "The list of parts was not in ascending order.");
      }
      if (part.bytes.length < PART_MIN && index < names.length - 1) {
        throw new S3Refusal(400, "EntityTooSmall", "Your proposed upload is smaller than the minimum size");
      }
      return part.bytes;
    });
    if (parts.length === 0) throw new S3Refusal(400, "MalformedXML", "You must specify at least one part");
    this.#uploads.delete(id);
    this.#objects.set(key, Buffer.concat(parts));
    return `${etagOf(Buffer.from(names.map(({ etag }) => etag).join(""), "hex"))}-${names.length}`;
  }

  abort(key: string, id: string): void {
    this.#upload(key, id);
    this.#uploads.delete(id);
  }

  unfinished(prefix = ""): { readonly id: string; readonly key: string; readonly initiated: Date }[] {
    return [...this.#uploads]
      .filter(([, { key }]) => key.startsWith(prefix))
      .map(([id, { key, initiated }]) => ({ id, key, initiated }));
  }

  #upload(key: string, id: string): Upload {
    const upload = this.#uploads.get(id);
    if (upload?.key !== key)
      throw new S3Refusal(404, "NoSuchUpload", "The specified multipart upload does not exist.");
    return upload;
  }
}

function etagOf(bytes: Buffer): string {
  return createHash("md5").update(bytes).digest("hex");
}
