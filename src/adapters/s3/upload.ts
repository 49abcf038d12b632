import type {
  AttemptTarget,
  FinishedAttempt,
  StoredPart,
  UploadAttempt,
  UploadContent,
} from "../../registry/ports/blob-storage.ts";
import type { Bucket, Multipart } from "./bucket.ts";
import { SMALL, type UploadMemory } from "./memory.ts";
import { PartBuffer } from "./part-buffer.ts";
import { LAST_PART_NUMBER, leastRemainder, slabsOfPart } from "./part-size.ts";
import { exactly } from "./reader.ts";

/** Buffers that one attempt may hold: one on its way while the next one fills. */
const HELD_MAX = 2;

/** What the uploads of one storage share. */
export interface UploadShare {
  readonly bucket: Bucket;
  readonly memory: UploadMemory;
}

/**
 * Gathers bytes in memory and sends them off as parts. Bytes that are too few for that become an object of their own,
 * which the next attempt reads back. What confirmed content names is never written to: the parts of an attempt have
 * numbers, and its objects keys, that no other attempt uses, so a stalled writer can change nothing.
 */
export class S3Upload implements UploadAttempt {
  readonly #share: UploadShare;
  readonly #target: AttemptTarget;
  readonly #stop = new AbortController();
  readonly #sending = new Set<Promise<void>>();
  readonly #parts: StoredPart[] = [];
  /** Bytes written to this attempt. */
  #written = 0;
  #filling: PartBuffer | undefined;
  #nextPart: number;
  #multipart: Promise<Multipart> | undefined;
  #tail: { readonly key: string; readonly size: number } | undefined;
  #isTailRead = false;
  #failure: { readonly error: unknown } | undefined;
  #state: "open" | "finished" | "aborted" = "open";

  constructor(share: UploadShare, target: AttemptTarget) {
    this.#share = share;
    this.#target = target;
    this.#nextPart = target.fence.firstPart;
    const { key, multipart } = target.content ?? {};
    if (key !== undefined && multipart !== undefined)
      this.#multipart = Promise.resolve({ key, id: multipart });
  }

  async write(chunk: Buffer): Promise<void> {
    this.#mustBeSound();
    if (chunk.length === 0) return;
    await this.#readTailBack();
    await this.#append(chunk);
    this.#written += chunk.length;
  }

  async finish(): Promise<FinishedAttempt> {
    this.#mustBeSound();
    const { content } = this.#target;
    if (this.#written === 0 && content !== undefined) {
      this.#state = "finished";
      return { content, garbage: [] };
    }
    this.#sendRemainder();
    await Promise.all(this.#sending);
    this.#mustBeSound();
    const finished = await this.#newContent(content);
    this.#mustBeSound();
    this.#state = "finished";
    return { content: finished, garbage: content?.tail === undefined ? [] : [content.tail.key] };
  }

  async abort(): Promise<void> {
    if (this.#state !== "open") return;
    this.#state = "aborted";
    this.#stop.abort(new Error("this upload attempt was aborted"));
    await Promise.all(this.#sending);
    if (this.#filling !== undefined) this.#share.memory.give(this.#filling.buffers);
    this.#filling = undefined;
    await Promise.allSettled([this.#abortMultipart(), this.#removeTail()]);
  }

  /** Only now: a request without bytes leaves the tail where it is. */
  async #readTailBack(): Promise<void> {
    const tail = this.#target.content?.tail;
    if (tail === undefined || tail.size === 0 || this.#isTailRead) return;
    this.#isTailRead = true;
    const response = await this.#share.bucket.open(tail.key, tail.size, undefined, this.#stop.signal);
    for await (const chunk of exactly(response, tail.key, tail.size)) await this.#append(chunk);
  }

  async #append(chunk: Buffer): Promise<void> {
    for (let rest = chunk; rest.length > 0; ) {
      const buffer = await this.#buffer(rest.length);
      rest = rest.subarray(buffer.append(rest));
      if (buffer.room === 0 && buffer.capacity > SMALL) this.#sendPart(buffer);
    }
  }

  /** A buffer with room: a small one as long as `bytes` fit into it, then one of a part's size. */
  async #buffer(bytes: number): Promise<PartBuffer> {
    const { memory } = this.#share;
    const filling = this.#filling;
    if (filling === undefined && bytes <= SMALL) {
      this.#filling = new PartBuffer([memory.takeSmall()]);
      return this.#filling;
    }
    if (filling !== undefined && (filling.room >= bytes || filling.capacity > SMALL)) return filling;
    const slabs = await this.#takeSlabs();
    if (this.#state !== "open") {
      memory.give(slabs);
      this.#mustBeSound();
    }
    const grown = new PartBuffer(slabs);
    if (filling !== undefined) {
      for (const piece of filling.pieces()) grown.append(piece);
      memory.give(filling.buffers);
    }
    this.#filling = grown;
    return grown;
  }

  /** Waits for memory of others only when this attempt holds none; else it waits for what it holds itself. */
  async #takeSlabs(): Promise<Buffer[]> {
    const { memory } = this.#share;
    const count = slabsOfPart(this.#nextPart, memory.capacity);
    for (;;) {
      this.#mustBeSound();
      if (this.#sending.size === 0) return await memory.take(count, this.#stop.signal);
      const slabs = this.#sending.size < HELD_MAX ? memory.takeAtOnce(count) : undefined;
      if (slabs !== undefined) return slabs;
      await Promise.race(this.#sending);
    }
  }

  #sendRemainder(): void {
    const rest = this.#filling;
    const isMultipart = this.#multipart !== undefined || this.#nextPart > this.#target.fence.firstPart;
    if (!isMultipart) {
      this.#sendTail(rest ?? new PartBuffer([]), this.#target.attemptKey);
    } else if (rest !== undefined && rest.size > 0) {
      const isPart = rest.size >= leastRemainder(this.#nextPart, this.#share.memory.capacity);
      if (isPart) this.#sendPart(rest);
      else this.#sendTail(rest, this.#tailKey());
    }
  }

  /** The attempt's key is taken when its own multipart upload is there. */
  #tailKey(): string {
    const { attemptKey, content } = this.#target;
    return content?.multipart === undefined ? `${attemptKey}-tail` : attemptKey;
  }

  #sendPart(buffer: PartBuffer): void {
    const number = this.#nextPart++;
    this.#send(buffer, async () => {
      const etag = await this.#putPart(number, buffer);
      this.#parts.push({ number, etag, size: buffer.size });
    });
  }

  async #putPart(number: number, buffer: PartBuffer): Promise<string> {
    if (number > LAST_PART_NUMBER) throw new Error(`this upload has more than ${LAST_PART_NUMBER} parts`);
    const { bucket } = this.#share;
    await this.#target.fence.reserve(number);
    this.#stop.signal.throwIfAborted();
    this.#multipart ??= bucket.initiate(this.#target.attemptKey);
    return await bucket.putPart(await this.#multipart, number, buffer.pieces(), this.#stop.signal);
  }

  #sendTail(buffer: PartBuffer, key: string): void {
    this.#tail = { key, size: buffer.size };
    this.#send(buffer, () => this.#share.bucket.put(key, buffer.pieces(), this.#stop.signal));
  }

  /** Runs `send` beside whatever comes next, and gives the buffer back after it. Its failure shows in what comes next. */
  #send(buffer: PartBuffer, send: () => Promise<void>): void {
    this.#filling = undefined;
    const sending = send()
      .catch((error: unknown) => {
        this.#failure ??= { error };
      })
      .finally(() => {
        this.#sending.delete(sending);
        this.#share.memory.give(buffer.buffers);
      });
    this.#sending.add(sending);
  }

  async #newContent(content: UploadContent | undefined): Promise<UploadContent> {
    const size = (content?.size ?? 0) + this.#written;
    const tail = this.#tail === undefined ? {} : { tail: this.#tail };
    const multipart = await this.#multipart;
    if (multipart === undefined) return { size, ...tail };
    const sent = this.#parts.toSorted((a, b) => a.number - b.number);
    const parts = [...(content?.parts ?? []), ...sent];
    return { size, key: multipart.key, multipart: multipart.id, parts, ...tail };
  }

  /** Not the one that confirmed content lives in. */
  async #abortMultipart(): Promise<void> {
    if (this.#target.content?.multipart !== undefined || this.#multipart === undefined) return;
    await this.#share.bucket.abort(await this.#multipart);
  }

  async #removeTail(): Promise<void> {
    if (this.#tail !== undefined) await this.#share.bucket.remove(this.#tail.key);
  }

  #mustBeSound(): void {
    if (this.#state !== "open") throw new Error(`this upload attempt is ${this.#state} already`);
    if (this.#failure !== undefined) throw this.#failure.error;
  }
}
