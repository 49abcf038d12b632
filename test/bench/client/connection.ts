import { connect, type Socket } from "node:net";
import { type Answer, type Expectation, ResponseParser } from "./response-parser.ts";

/** Every connection reads into this one: its bytes are used up before the next read. */
const READ_BUFFER = Buffer.allocUnsafeSlow(512 * 1024);

export type Part = Buffer | string;

interface Waiting {
  resolve(answer: Answer): void;
  reject(error: Error): void;
}

/** One keep-alive connection with one request on it at a time. Opens, and opens again, when a request needs it. */
export class Connection {
  readonly #host: string;
  readonly #port: number;
  #socket: Socket | undefined;
  #parser = new ResponseParser(() => undefined);
  #waiting: Waiting | undefined;

  constructor(host: string, port: number) {
    this.#host = host;
    this.#port = port;
  }

  /** Writes a whole request and resolves with the whole answer. */
  async send(parts: readonly Part[], expectation: Expectation): Promise<Answer> {
    if (this.#waiting !== undefined) throw new Error("two requests at once on one connection");
    const socket = this.#socket ?? (await this.#open());
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      this.#parser.expect(expectation);
      socket.cork();
      for (const part of parts) socket.write(part, "latin1");
      socket.uncork();
    });
  }

  close(): void {
    this.#fail(new Error("closed"));
  }

  async #open(): Promise<Socket> {
    const socket = connect({
      host: this.#host,
      port: this.#port,
      noDelay: true,
      onread: { buffer: READ_BUFFER, callback: (length, buffer) => this.#feed(buffer as Buffer, length) },
    });
    await new Promise<void>((resolve, reject) => {
      socket.once("connect", resolve);
      socket.once("error", reject);
    });
    socket.on("error", (error) => this.#lost(socket, error));
    socket.on("close", () => this.#lost(socket, new Error("the registry closed the connection")));
    this.#parser = new ResponseParser((answer) => this.#answered(answer));
    this.#socket = socket;
    return socket;
  }

  #feed(buffer: Buffer, length: number): boolean {
    try {
      this.#parser.feed(buffer, length);
    } catch (error) {
      this.#fail(error as Error);
    }
    return true;
  }

  #answered(answer: Answer): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (/\r\nconnection: close/i.test(answer.head)) this.#fail(new Error("closed"));
    waiting?.resolve(answer);
  }

  #lost(socket: Socket, error: Error): void {
    if (socket === this.#socket) this.#fail(error);
  }

  #fail(error: Error): void {
    const waiting = this.#waiting;
    const socket = this.#socket;
    this.#waiting = undefined;
    this.#socket = undefined;
    socket?.destroy();
    waiting?.reject(error);
  }
}
