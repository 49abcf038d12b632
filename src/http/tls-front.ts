import type { Server } from "node:https";
import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { refuse } from "./broken-requests.ts";
import type { Refusals } from "./refusals.ts";

const PLAIN_HTTP = {
  status: "400 Bad Request",
  sentence: "an HTTP request came to a port that speaks HTTPS: use https:// in the URL",
};

/**
 * Looks at the first byte of each connection before TLS does: who speaks plain HTTP is told so, in plain HTTP. Who says
 * nothing for `patience` milliseconds is cut off. Returns what cuts off those who have said nothing yet.
 */
export function watchTls(server: Server, refusals: Refusals, patience: number): () => void {
  const silent = new Set<Socket>();
  const handshakes = server.listeners("connection");
  server.removeAllListeners("connection");
  server.on("connection", (socket: Socket) => {
    silent.add(socket);
    const timer = setTimeout(() => {
      refusals.note("tls_handshake", socket.remoteAddress, "nothing came");
      socket.destroy();
    }, patience);
    timer.unref();
    const ended = (): void => {
      clearTimeout(timer);
      silent.delete(socket);
    };
    socket.on("error", ended).once("close", ended);
    socket.once("readable", () => {
      ended();
      socket.off("error", ended);
      const first: Buffer | null = socket.read();
      if (first === null) {
        socket.destroy();
      } else if (isLetter(first[0])) {
        refusals.note("plain_http_on_tls_port", socket.remoteAddress, undefined);
        socket.on("error", () => undefined).resume();
        refuse(PLAIN_HTTP, socket);
      } else {
        socket.unshift(first);
        for (const handshake of handshakes) handshake.call(server, socket);
      }
    });
  });
  server.on("tlsClientError", (error: NodeJS.ErrnoException, socket: TLSSocket) =>
    refusals.note("tls_handshake", socket.remoteAddress, error.code),
  );
  return () => {
    for (const socket of silent) socket.destroy();
  };
}

/** As every method begins; no TLS record does. */
function isLetter(byte = 0): boolean {
  return (byte >= 0x41 && byte <= 0x5a) || (byte >= 0x61 && byte <= 0x7a);
}
