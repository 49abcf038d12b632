import type { Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { RefusalReason, Refusals } from "./refusals.ts";

/** What its sender is told of a request that no handler gets. */
interface Answer {
  readonly reason: RefusalReason;
  readonly status: string;
  readonly sentence: string;
}

/** An error of Node's HTTP parser. */
interface ParserError extends NodeJS.ErrnoException {
  /** What the parser says is wrong; nothing of the request. */
  readonly reason?: string;
  /** The bytes that it got last. */
  readonly rawPacket?: Buffer;
}

/** The first byte of a TLS record of the kind that begins a handshake. */
export const TLS_HANDSHAKE = 0x16;

const ANSWERS: Readonly<Record<string, Answer>> = {
  HPE_HEADER_OVERFLOW: {
    reason: "header_overflow",
    status: "431 Request Header Fields Too Large",
    sentence: "the target and the headers of a request may have 32 KiB",
  },
  ERR_HTTP_REQUEST_TIMEOUT: {
    reason: "timeout",
    status: "408 Request Timeout",
    sentence: "the headers of the request did not end in time",
  },
  HPE_INVALID_METHOD: {
    reason: "bad_method",
    status: "400 Bad Request",
    sentence: "the request begins with no method that is known here",
  },
};

const ON_PLAIN_PORT: Answer = {
  reason: "tls_on_plain_port",
  status: "400 Bad Request",
  sentence: "this port speaks HTTP without TLS",
};

const TUNNEL: Answer = {
  reason: "bad_method",
  status: "501 Not Implemented",
  sentence: "this is a registry, and no proxy",
};

/** Milliseconds that a client has to read why its connection ends. */
const LINGER = 2_000;

/**
 * What is no HTTP never reaches a handler; its sender learns why and the connection ends. What it sent before that is
 * answered first.
 */
export class BrokenRequests {
  readonly #refusals: Refusals;
  /** The newest answer of a connection. */
  readonly #answers = new WeakMap<Duplex, ServerResponse>();

  constructor(refusals: Refusals) {
    this.#refusals = refusals;
  }

  watch(server: Server): void {
    server.on("request", (request, response) => void this.#answers.set(request.socket, response));
    server.on("connect", ({ socket }: { socket: Socket }) => {
      this.#refusals.note(TUNNEL.reason, socket.remoteAddress, "CONNECT");
      refuse(TUNNEL, socket);
    });
    server.on("clientError", (error: ParserError, socket) => {
      const said = answerTo(error);
      if (said !== undefined) this.#refusals.note(said.reason, (socket as Socket).remoteAddress, error.code);
      const answer = this.#answers.get(socket);
      if (said === undefined) socket.destroy();
      else if (answer === undefined || answer.closed) refuse(said, socket);
      else if (answer.req.complete) answer.once("close", () => refuse(said, socket));
      else if (answer.headersSent) socket.destroy();
      else refuse(said, socket);
    });
  }
}

/** Undefined for what is no fault of a request, such as a connection that the client reset. */
function answerTo({ code = "", reason, rawPacket }: ParserError): Answer | undefined {
  if (rawPacket?.[0] === TLS_HANDSHAKE) return ON_PLAIN_PORT;
  if (!code.startsWith("HPE_") && ANSWERS[code] === undefined) return undefined;
  const sentence = `this is no HTTP/1.1${reason === undefined ? "" : `: ${reason}`}`;
  return ANSWERS[code] ?? { reason: "bad_request", status: "400 Bad Request", sentence };
}

/** Writes the answer as text and ends the connection, once its sender has had time to read it. */
export function refuse({ status, sentence }: Pick<Answer, "status" | "sentence">, socket: Duplex): void {
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  const body = `${sentence}\n`;
  const headers = [
    ...["Connection: close", "Content-Type: text/plain; charset=utf-8", "X-Content-Type-Options: nosniff"],
    ...["Cache-Control: no-store", `Content-Length: ${Buffer.byteLength(body)}`],
  ];
  socket.end(`HTTP/1.1 ${status}\r\n${headers.join("\r\n")}\r\n\r\n${body}`);
  setTimeout(() => socket.destroy(), LINGER).unref();
}
