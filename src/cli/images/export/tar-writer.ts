import { finished, type Writable } from "node:stream";
import { pack } from "tar-stream";
import { type Chunks, writeTo } from "../chunks.ts";
import { ImageError } from "../errors.ts";

/** Writes a tar into a stream, as fast as the stream takes it. */
export class TarWriter {
  readonly #pack = pack();
  readonly #out: Writable;
  readonly #copying: Promise<void>;
  #failure: Error | undefined;

  constructor(out: Writable) {
    this.#out = out;
    finished(out, { readable: false }, (error) => this.#fail(error ?? undefined));
    this.#copying = this.#copy();
    // Awaited in end(); a failure before that reaches the caller through the entry that it interrupts.
    this.#copying.catch(() => undefined);
  }

  async addBytes(name: string, bytes: Buffer): Promise<void> {
    await this.add(name, bytes.length, [bytes]);
  }

  /** @throws whatever `chunks` throws; the tar is then broken and must be thrown away */
  async add(name: string, size: number, chunks: Chunks | Iterable<Buffer>): Promise<void> {
    // Always the same bytes for the same image: no clock in it.
    const header = { name, size, mode: 0o644, mtime: new Date(0) };
    const entry = this.#pack.entry(header) as unknown as Writable;
    const done = new Promise<void>((resolve, reject) => {
      entry.on("error", reject);
      entry.on("close", resolve);
    });
    done.catch(() => undefined);
    for await (const chunk of chunks) {
      if (this.#failure !== undefined) throw this.#failure;
      await writeTo(entry, chunk).catch((error) => {
        throw this.#failure ?? error;
      });
    }
    entry.end();
    await done.catch((error) => {
      throw this.#failure ?? error;
    });
  }

  /** Resolves when all bytes are handed to the stream, which is left open. */
  async end(): Promise<void> {
    this.#pack.finalize();
    await this.#copying;
  }

  /** Gives up. */
  destroy(): void {
    this.#pack.destroy();
  }

  async #copy(): Promise<void> {
    try {
      for await (const chunk of this.#pack as AsyncIterable<unknown> as Chunks)
        await writeTo(this.#out, chunk);
    } catch (error) {
      this.#fail(error as Error);
    }
    if (this.#failure !== undefined) throw this.#failure;
  }

  #fail(error: Error | undefined): void {
    if (error === undefined || this.#failure !== undefined) return;
    this.#failure = new ImageError(`cannot write the tar: ${error.message}`, { cause: error });
    this.#pack.destroy(this.#failure);
  }
}
