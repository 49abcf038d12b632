import { type ClientRequest, type ClientRequestArgs, Agent as HttpAgent } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import { Socket } from "node:net";
import type { Duplex } from "node:stream";

const CONNECT_TIMEOUT = 5_000;
const KEEP_FREE = 64;

/**
 * Kept-alive connections. A socket that takes more than five seconds to connect, or on which nothing moves for `idle`
 * milliseconds, is destroyed, and with it the request on it fails: Node's own timeouts only tell.
 */
export function watchedAgent(secure: boolean, idle: number): HttpAgent {
  return secure ? new WatchedHttpsAgent(idle) : new WatchedHttpAgent(idle);
}

class WatchedHttpAgent extends HttpAgent {
  readonly #idle: number;

  constructor(idle: number) {
    super(optionsOf(idle));
    this.#idle = idle;
  }

  override createConnection(options: ClientRequestArgs, done?: Done): Duplex | null | undefined {
    return watch(super.createConnection(options, done), "connect");
  }

  override reuseSocket(socket: Duplex, request: ClientRequest): void {
    super.reuseSocket(socket, request);
    wake(socket, this.#idle);
  }
}

class WatchedHttpsAgent extends HttpsAgent {
  readonly #idle: number;

  constructor(idle: number) {
    super(optionsOf(idle));
    this.#idle = idle;
  }

  override createConnection(options: ClientRequestArgs, done?: Done): Duplex | null | undefined {
    return watch(super.createConnection(options, done), "secureConnect");
  }

  override reuseSocket(socket: Duplex, request: ClientRequest): void {
    super.reuseSocket(socket, request);
    wake(socket, this.#idle);
  }
}

type Done = (error: Error | null, socket: Duplex) => void;

function watch(stream: Duplex | null | undefined, ready: string): Duplex | null | undefined {
  if (!(stream instanceof Socket)) return stream;
  const timer = setTimeout(() => {
    stream.destroy(timedOut(`no connection within ${CONNECT_TIMEOUT} ms`));
  }, CONNECT_TIMEOUT);
  const connected = (): void => clearTimeout(timer);
  stream.once(ready, connected);
  stream.once("close", connected);
  stream.on("timeout", () => stream.destroy(timedOut("the connection fell silent")));
  return stream;
}

/** A free socket's time is as short as the server says (`Keep-Alive: timeout=5`); Node would leave it so in use. */
function wake(stream: Duplex, idle: number): void {
  if (stream instanceof Socket) stream.setTimeout(idle);
}

function optionsOf(idle: number) {
  return { keepAlive: true, maxFreeSockets: KEEP_FREE, timeout: idle };
}

function timedOut(message: string): Error {
  return Object.assign(new Error(message), { code: "ETIMEDOUT" });
}
