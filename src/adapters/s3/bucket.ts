import type { IncomingMessage } from "node:http";
import type { Client } from "minio";
import { type ByteRange, ObjectMissingError, type StoredPart } from "../../registry/ports/blob-storage.ts";
import type { Clients } from "./clients.ts";
import { exchange, failureOf, settle } from "./exchange.ts";
import { minioFailure, S3Failure } from "./failure.ts";
import { retrying } from "./retry.ts";

/** Seconds; a request uses its URL at once. */
const URL_LIFE = 900;
/** Against a server that lists what it has removed. */
const ABORTS_MAX = 100;

/** A multipart upload that has begun. */
export interface Multipart {
  readonly key: string;
  readonly id: string;
}

/**
 * The calls on one bucket that storage is made of. Failures that may pass are tried again; what is left over are
 * S3Failures.
 */
export class Bucket {
  readonly #clients: Clients;
  readonly #name: string;
  readonly #headers: Readonly<Record<string, string>>;

  /** `headers`: of every new object. */
  constructor(clients: Clients, name: string, headers: Readonly<Record<string, string>>) {
    this.#clients = clients;
    this.#name = name;
    this.#headers = headers;
  }

  async exists(): Promise<boolean> {
    return await this.#call("look-up of the bucket", (minio) => minio.bucketExists(this.#name), 1);
  }

  async put(key: string, pieces: readonly Buffer[], signal?: AbortSignal): Promise<void> {
    const what = "put of an object";
    if (Object.keys(this.#headers).length > 0) {
      // Headers must be signed, and a presigned URL signs none.
      const body = Buffer.concat(pieces);
      const put = async (minio: Client): Promise<unknown> => {
        signal?.throwIfAborted();
        return await minio.putObject(this.#name, key, body, body.length, { ...this.#headers });
      };
      await this.#call(what, put);
      return;
    }
    await this.#send(what, key, {}, pieces, signal, async () => undefined);
  }

  /** @returns the part's etag */
  async putPart(
    { key, id }: Multipart,
    number: number,
    pieces: readonly Buffer[],
    signal?: AbortSignal,
  ): Promise<string> {
    const what = `put of part ${number}`;
    const query = { uploadId: id, partNumber: String(number) };
    return await this.#send(what, key, query, pieces, signal, async ({ headers }) => {
      const etag = headers.etag?.replace(/^"|"$/g, "");
      if (etag === undefined || etag === "") throw new S3Failure(what, { message: "the answer has no ETag" });
      return etag;
    });
  }

  async initiate(key: string): Promise<Multipart> {
    const id = await this.#call("start of a multipart upload", (minio) =>
      minio.initiateNewMultipartUpload(this.#name, key, { ...this.#headers }),
    );
    return { key, id };
  }

  async complete({ key, id }: Multipart, parts: readonly StoredPart[]): Promise<void> {
    const etags = parts.map(({ number, etag }) => ({ part: number, etag }));
    const { patient } = this.#clients;
    await this.#call("completion of a multipart upload", () =>
      patient.completeMultipartUpload(this.#name, key, id, etags),
    );
  }

  /** Tried once: whoever calls it waits for its caller's answer. */
  async abort({ key, id }: Multipart): Promise<void> {
    await this.#abort(key, id);
  }

  /** Aborts whatever is unfinished under exactly this key. */
  async abortAll(key: string): Promise<void> {
    for (let aborts = 0; aborts < ABORTS_MAX; aborts++) {
      const id = await this.#call("list of multipart uploads", (minio) =>
        minio.findUploadId(this.#name, key),
      );
      if (id === undefined) return;
      await this.#abort(key, id);
    }
    throw new S3Failure("list of multipart uploads", { message: `key ${key} never comes to an end` });
  }

  /** Some servers say of an object that another removal has just taken that it is not there: then it is removed. */
  async remove(key: string): Promise<void> {
    try {
      await this.#call("removal of an object", (minio) => minio.removeObject(this.#name, key));
    } catch (error) {
      if (!isAbsent(error)) throw error;
    }
  }

  /** Bytes of an object; undefined when there is none. */
  async sizeOf(key: string): Promise<number | undefined> {
    try {
      return (await this.#call("look-up of an object", (minio) => minio.statObject(this.#name, key))).size;
    } catch (error) {
      if (isAbsent(error)) return undefined;
      throw error;
    }
  }

  /** Opens an object that should have `size` bytes, or a range of it. @throws ObjectMissingError */
  async open(
    key: string,
    size: number,
    range: ByteRange | undefined,
    signal?: AbortSignal,
  ): Promise<IncomingMessage> {
    const what = `read of object ${key}`;
    const wanted = range === undefined ? size : range.end - range.start + 1;
    const headers = range === undefined ? {} : { Range: `bytes=${range.start}-${range.end}` };
    const open = async (): Promise<IncomingMessage> => {
      const url = await this.#presign("GET", key, {});
      const response = await exchange(this.#clients.agent, { what, method: "GET", url, headers, signal });
      if (response.statusCode === (range === undefined ? 200 : 206)) return response;
      throw (await failureOf(what, response)) ?? unexpected(what, response);
    };
    try {
      // Twice: a kept connection may have died unnoticed.
      const response = await retrying(open, { tries: 2, signal });
      const length = response.headers["content-length"];
      if (length === undefined || Number(length) === wanted) return response;
      response.destroy();
      throw new S3Failure(what, { message: `${length} bytes are offered, ${wanted} were expected` });
    } catch (error) {
      const isGone = error instanceof S3Failure && error.status === 404 && error.s3Code !== "NoSuchBucket";
      throw isGone ? new ObjectMissingError(key) : error;
    }
  }

  async #send<T>(
    what: string,
    key: string,
    query: Readonly<Record<string, string>>,
    pieces: readonly Buffer[],
    signal: AbortSignal | undefined,
    read: (response: IncomingMessage) => Promise<T>,
  ): Promise<T> {
    const headers = { "Content-Length": pieces.reduce((sum, piece) => sum + piece.length, 0) };
    const put = async (): Promise<T> => {
      const url = await this.#presign("PUT", key, query);
      const sent = { what, method: "PUT", url, headers, body: pieces, signal } as const;
      const response = await exchange(this.#clients.agent, sent);
      await settle(what, response);
      return await read(response);
    };
    return await retrying(put, { signal });
  }

  async #abort(key: string, id: string): Promise<void> {
    try {
      // minio puts the id into the query as it is.
      const escaped = encodeURIComponent(id);
      const abort = (minio: Client): Promise<void> => minio.abortMultipartUpload(this.#name, key, escaped);
      await this.#call("abort of a multipart upload", abort, 1);
    } catch (error) {
      if (!(error instanceof S3Failure && error.s3Code === "NoSuchUpload")) throw error;
    }
  }

  #presign(method: "GET" | "PUT", key: string, query: Readonly<Record<string, string>>): Promise<string> {
    return this.#clients.control.presignedUrl(method, this.#name, key, URL_LIFE, { ...query });
  }

  async #call<T>(what: string, run: (minio: Client) => Promise<T>, tries = 3): Promise<T> {
    const call = async (): Promise<T> => {
      try {
        return await run(this.#clients.control);
      } catch (error) {
        throw minioFailure(what, error);
      }
    };
    return await retrying(call, { tries });
  }
}

function isAbsent(error: unknown): boolean {
  return error instanceof S3Failure && (error.s3Code === "NotFound" || error.s3Code === "NoSuchKey");
}

function unexpected(what: string, response: IncomingMessage): S3Failure {
  return new S3Failure(what, { status: response.statusCode, message: "the range was not kept" });
}
