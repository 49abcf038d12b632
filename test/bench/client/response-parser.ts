/** One answer of a registry. */
export interface Answer {
  readonly status: number;
  /** Status line and headers as they came. */
  readonly head: string;
  /** Bytes of the body. */
  bytes: number;
  /** The body, where it was asked for or tells of an error. */
  text: string;
}

/** How the next answer is to be read. */
export interface Expectation {
  /** Answer to a HEAD: no body follows. */
  readonly head: boolean;
  /** Keep the body; otherwise it is counted and dropped, unless it says what went wrong. */
  readonly text: boolean;
}

type State = "head" | "counted" | "chunk-size" | "chunk" | "trailer";

/** Value of a header, undefined when absent. */
export function headerOf(answer: Answer, name: string): string | undefined {
  const at = answer.head.toLowerCase().indexOf(`\r\n${name.toLowerCase()}:`);
  if (at < 0) return undefined;
  const end = answer.head.indexOf("\r\n", at + 2);
  return answer.head.slice(at + name.length + 3, end < 0 ? undefined : end).trim();
}

/**
 * HTTP/1.1 answers, one at a time, out of a read buffer that many connections share: what is worth keeping is copied
 * before {@link feed} returns, so a body byte costs the generator next to nothing.
 */
export class ResponseParser {
  readonly #onAnswer: (answer: Answer) => void;
  #expected: Expectation | undefined;
  #state: State = "head";
  /** Beginning of a head or a line whose rest has not come. */
  #partial = "";
  /** Bytes of the body or chunk that have not come. */
  #left = 0;
  #answer: Answer | undefined;
  #kept: Buffer[] = [];

  constructor(onAnswer: (answer: Answer) => void) {
    this.#onAnswer = onAnswer;
  }

  expect(expectation: Expectation): void {
    this.#expected = expectation;
  }

  /** @throws Error on an answer that nobody waits for, or that is framed in a way no registry uses */
  feed(buffer: Buffer, length: number): void {
    for (let at = 0; at < length; ) {
      if (this.#state === "head") at = this.#readHead(buffer, at, length);
      else if (this.#state === "counted" || this.#state === "chunk") at = this.#readBody(buffer, at, length);
      else at = this.#readLine(buffer, at, length);
    }
  }

  #readHead(buffer: Buffer, at: number, length: number): number {
    const before = this.#partial.length;
    const text = this.#partial + buffer.toString("latin1", at, length);
    const end = text.indexOf("\r\n\r\n", Math.max(0, before - 3));
    if (end < 0) {
      this.#partial = text;
      return length;
    }
    this.#partial = "";
    this.#begin(text.slice(0, end));
    return at + end + 4 - before;
  }

  #begin(head: string): void {
    const expected = this.#expected;
    if (expected === undefined) throw new Error(`an answer to no request: ${head.slice(0, 100)}`);
    const status = Number(head.slice(9, 12));
    if (status < 200) return;
    this.#answer = { status, head, bytes: 0, text: "" };
    const lower = head.toLowerCase();
    const counted = lower.indexOf("\r\ncontent-length:");
    if (expected.head || status === 204 || status === 304) this.#end();
    else if (lower.includes("\r\ntransfer-encoding: chunked")) this.#state = "chunk-size";
    else if (counted >= 0) this.#expectBytes(Number.parseInt(head.slice(counted + 17, counted + 40), 10));
    else throw new Error("an answer with neither a length nor chunks");
  }

  #expectBytes(count: number): void {
    this.#left = count;
    this.#state = "counted";
    if (count === 0) this.#end();
  }

  #readBody(buffer: Buffer, at: number, length: number): number {
    const end = Math.min(length, at + this.#left);
    this.#left -= end - at;
    if (this.#answer !== undefined) this.#answer.bytes += end - at;
    if (this.#expected?.text === true || (this.#answer?.status ?? 0) >= 400)
      this.#kept.push(Buffer.from(buffer.subarray(at, end)));
    if (this.#left === 0) {
      if (this.#state === "counted") this.#end();
      else this.#state = "chunk-size";
    }
    return end;
  }

  #readLine(buffer: Buffer, at: number, length: number): number {
    const newline = buffer.indexOf(10, at);
    if (newline < 0 || newline >= length) {
      this.#partial += buffer.toString("latin1", at, length);
      return length;
    }
    const line = (this.#partial + buffer.toString("latin1", at, newline)).trim();
    this.#partial = "";
    if (this.#state === "trailer") {
      if (line === "") this.#end();
    } else if (line !== "") {
      // An empty line here is the one that ends the chunk before.
      this.#left = Number.parseInt(line, 16);
      this.#state = this.#left === 0 ? "trailer" : "chunk";
    }
    return newline + 1;
  }

  #end(): void {
    const answer = this.#answer;
    if (answer === undefined) return;
    answer.text = Buffer.concat(this.#kept).toString("utf8");
    this.#kept = [];
    this.#answer = undefined;
    this.#expected = undefined;
    this.#state = "head";
    this.#onAnswer(answer);
  }
}
