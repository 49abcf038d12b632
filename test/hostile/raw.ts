import { connect, type Socket } from "node:net";

/** One answer as it came over the wire. */
export interface RawAnswer {
  readonly status: number;
  /** Status line and headers, as they came. */
  readonly head: string;
  readonly body: Buffer;
}

/** How long an honest server may leave a client without an answer, in milliseconds. */
export const PATIENCE = 5_000;

/** A connection on which a test says exactly what is sent. */
export class RawClient {
  readonly socket: Socket;
  readonly closed: Promise<void>;
  #chunks: Buffer[] = [];
  #wake = (): void => undefined;
  #over = false;

  constructor(url: string) {
    const { hostname, port } = new URL(url);
    this.socket = connect(Number(port), hostname);
    this.socket.on("error", () => undefined);
    this.socket.on("data", (chunk: Buffer) => {
      this.#chunks.push(chunk);
      this.#wake();
    });
    this.closed = new Promise((resolve) => {
      const over = (): void => {
        this.#over = true;
        this.#wake();
        resolve();
      };
      this.socket.on("end", over).on("close", over);
    });
  }

  send(bytes: string | Buffer): this {
    if (!this.socket.destroyed)
      this.socket.write(typeof bytes === "string" ? Buffer.from(bytes, "latin1") : bytes);
    return this;
  }

  /** The next answer; undefined when the connection ends without one. `method` decides whether a body follows. */
  async answer(method = "GET"): Promise<RawAnswer | undefined> {
    for (let needed = 0; ; ) {
      // A long answer is put together once, not with each of its chunks.
      const parsed = this.#size < needed ? needed : parse(this.pending, method);
      if (typeof parsed !== "number") {
        this.#chunks = [this.pending.subarray(parsed.length)];
        if (parsed.answer.status !== 100) return parsed.answer;
        needed = 0;
        continue;
      }
      if (this.#over) return undefined;
      needed = parsed;
      await this.#more();
    }
  }

  /** Everything that comes until the connection ends. */
  async rest(): Promise<Buffer> {
    while (!this.#over) await this.#more();
    return this.pending;
  }

  /** What came and was not taken as an answer yet. */
  get pending(): Buffer {
    const [only, ...more] = this.#chunks;
    const received = more.length === 0 && only !== undefined ? only : Buffer.concat(this.#chunks);
    this.#chunks = [received];
    return received;
  }

  get #size(): number {
    return this.#chunks.reduce((size, { length }) => size + length, 0);
  }

  get isOver(): boolean {
    return this.#over;
  }

  close(): void {
    this.socket.destroy();
  }

  async #more(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve, reject) => {
      this.#wake = resolve;
      timer = setTimeout(
        () => reject(new Error(`no answer: ${this.pending.toString("latin1", 0, 500)}`)),
        PATIENCE,
      );
    }).finally(() => clearTimeout(timer));
  }
}

/** An answer, or how many bytes it takes to have one. */
function parse(bytes: Buffer, method: string): { answer: RawAnswer; length: number } | number {
  const end = bytes.indexOf("\r\n\r\n");
  if (end < 0) return bytes.length + 1;
  const head = bytes.toString("latin1", 0, end);
  const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(head)?.[1]);
  const start = end + 4;
  const bodiless = method === "HEAD" || status < 200 || status === 204 || status === 304;
  const size = bodiless ? 0 : Number(/^content-length: (\d+)$/im.exec(head)?.[1] ?? 0);
  if (bytes.length < start + size) return start + size;
  return { answer: { status, head, body: bytes.subarray(start, start + size) }, length: start + size };
}

/** One request on a connection of its own. */
export async function once(
  url: string,
  bytes: string | Buffer,
  method = "GET",
): Promise<RawAnswer | undefined> {
  const client = new RawClient(url);
  try {
    return await client.send(bytes).answer(method);
  } finally {
    client.close();
  }
}

/** The text of a request; `headers` are lines. */
export function requestText(
  method: string,
  target: string,
  headers: readonly string[] = [],
  body: string | Buffer = "",
): Buffer {
  const lines = [`${method} ${target} HTTP/1.1`, "Host: localhost", ...headers];
  return Buffer.concat([Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1"), Buffer.from(body)]);
}
