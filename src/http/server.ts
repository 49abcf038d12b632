import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerOptions,
  type ServerResponse,
} from "node:http";
import { createServer as createTlsServer } from "node:https";
import { type AddressInfo, Server as NetServer } from "node:net";
import type { Log } from "../log.ts";
import { BODY_WANTED } from "./body.ts";
import { BrokenRequests } from "./broken-requests.ts";
import {
  type Certificate,
  type CertificateFiles,
  followCertificate,
  loadCertificate,
} from "./certificate.ts";
import { KeptAlive } from "./kept-alive.ts";
import type { Refusals } from "./refusals.ts";
import { watchTls } from "./tls-front.ts";

/** Passwords of registry tokens come as headers; Node's own 16 KiB are too few. */
const HEADER_BYTES_MAX = 32 * 1024;
/** What a connection may take its time for, in milliseconds. Bodies have limits of their own and never a total. */
export interface ConnectionLimits {
  /** The headers of a request, and before them the handshake of TLS. */
  readonly headers: number;
  /** Between looks for connections that are over that limit. */
  readonly lookEvery: number;
  /** Between two requests. */
  readonly keepAlive: number;
  /** Until the first byte, once nobody listens any more: it may have been on its way. */
  readonly firstWord: number;
}

export const CONNECTION_LIMITS: ConnectionLimits = {
  ...{ headers: 10_000, lookEvery: 2_000, keepAlive: 65_000 },
  firstWord: 500,
};

export interface ListenOptions {
  readonly host: string;
  readonly port: number;
  readonly tls: CertificateFiles | undefined;
  /** Hears of renewed certificates that cannot be used. */
  readonly log: Pick<Log, "warn" | "flush">;
  /** Hears of connections that reach no handler. */
  readonly refusals: Refusals;
}

export interface RunningServer {
  readonly url: string;
  /** Has the requests in flight end their connections: their clients shall not send another one there. */
  announceEnd(): void;
  /** Stops accepting, lets requests in flight finish for `milliseconds`, then cuts what is left. */
  drain(milliseconds: number): Promise<void>;
}

function optionsOf({ headers, lookEvery, keepAlive }: ConnectionLimits): ServerOptions {
  return {
    maxHeaderSize: HEADER_BYTES_MAX,
    headersTimeout: headers,
    requestTimeout: 0,
    connectionsCheckingInterval: lookEvery,
    keepAliveTimeout: keepAlive,
    noDelay: true,
  };
}

/** Listens for HTTP/1.1, or HTTPS where a certificate is configured; a changed certificate is taken without a restart. */
export async function listen(
  listener: RequestListener,
  options: ListenOptions,
  limits: ConnectionLimits = CONNECTION_LIMITS,
): Promise<RunningServer> {
  const { server, close } = await makeServer(listener, limits, options);
  new BrokenRequests(options.refusals).watch(server);
  askForBodies(server);
  const kept = new KeptAlive(server);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port, options.host, () => {
      server.off("error", reject);
      resolve();
    });
  });
  const { address, family, port } = server.address() as AddressInfo;
  const host = family === "IPv6" ? `[${address}]` : address;
  return {
    url: `${options.tls === undefined ? "http" : "https"}://${host}:${port}`,
    announceEnd: () => kept.announceEnd(),
    async drain(milliseconds) {
      kept.announceEnd();
      // Connections that wait to be accepted are taken first: the system would reset them, and their requests with them.
      await nextPoll();
      close();
      // Not the method of HTTP's own, which cuts those on which the first request is under way.
      const closed = new Promise((resolve) => NetServer.prototype.close.call(server, resolve));
      kept.endWaiting();
      const silent = setTimeout(() => server.closeIdleConnections(), limits.firstWord);
      const cut = setTimeout(() => server.closeAllConnections(), milliseconds);
      await closed;
      clearTimeout(silent);
      clearTimeout(cut);
    },
  };
}

/** Resolves once the event loop has looked at all sockets: the first turn may be the one that it is in, and behind that. */
async function nextPoll(): Promise<void> {
  for (let turn = 0; turn < 2; turn++) await new Promise(setImmediate);
}

/** A client that waits to be asked for its body is asked when somebody reads it, and not when it is refused. */
function askForBodies(server: Server): void {
  server.on("checkContinue", (request: IncomingMessage, response: ServerResponse) => {
    request.once(BODY_WANTED, () => response.writeContinue());
    server.emit("request", request, response);
  });
}

async function makeServer(
  listener: RequestListener,
  limits: ConnectionLimits,
  { tls, log, refusals }: ListenOptions,
): Promise<{ server: Server; close: () => void }> {
  const options = optionsOf(limits);
  if (tls === undefined) return { server: createServer(options, listener), close: () => undefined };
  const certificate = await loadCertificate(tls);
  const security = { ...certificate, ALPNProtocols: ["http/1.1"], handshakeTimeout: limits.headers };
  const server = createTlsServer({ ...options, ...security }, listener);
  const cutSilent = watchTls(server, refusals, limits.headers);
  const take = (renewed: Certificate): void => server.setSecureContext(renewed);
  const unfollow = followCertificate(tls, certificate, take, log);
  return {
    server,
    close() {
      unfollow();
      cutSilent();
    },
  };
}
