import type { IncomingMessage } from "node:http";
import type { Writable } from "node:stream";
import type { BlobReader } from "../../registry/ports/blob-storage.ts";
import { Sink } from "../sink.ts";
import { S3Failure } from "./failure.ts";

/** Passes on the body of a GET. */
export class S3Reader implements BlobReader {
  readonly size: number;
  readonly #key: string;
  readonly #response: IncomingMessage;
  #state: "open" | "copying" | "closed" = "open";

  constructor(key: string, response: IncomingMessage, size: number) {
    this.#key = key;
    this.#response = response;
    this.size = size;
  }

  async copyTo(stream: Writable): Promise<void> {
    if (this.#state !== "open") throw new Error("this reader was used already");
    this.#state = "copying";
    const sink = new Sink(stream);
    // Storage may be silent when the sink goes away.
    sink.onFailure(() => this.#response.destroy());
    try {
      await this.#copy(sink);
    } catch (error) {
      throw sink.failure ?? error;
    } finally {
      sink.release();
      this.#state = "closed";
    }
  }

  close(): void {
    if (this.#state !== "open") return;
    this.#state = "closed";
    this.#response.destroy();
  }

  /** One chunk is being written while the next one comes. */
  async #copy(sink: Sink): Promise<void> {
    let sent: Promise<void> = Promise.resolve();
    for await (const chunk of exactly(this.#response, this.#key, this.size)) {
      await sent;
      sent = sink.write(chunk);
      // Awaited a turn later; until then its failure has nobody else.
      sent.catch(() => undefined);
    }
    await sent;
  }
}

/** The chunks of an answer. @throws S3Failure unless they are `size` bytes; the connection is given up then */
export async function* exactly(response: IncomingMessage, key: string, size: number): AsyncGenerator<Buffer> {
  const what = `read of object ${key}`;
  let come = 0;
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      come += chunk.length;
      if (come > size) break;
      yield chunk;
    }
  } catch (error) {
    throw new S3Failure(what, {}, error);
  }
  if (come !== size) {
    const message = `${come} bytes came, ${size} were expected`;
    throw new S3Failure(what, { message });
  }
}
