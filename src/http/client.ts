import type { IncomingMessage } from "node:http";
import { type BlockList, isIP } from "node:net";
import type { TLSSocket } from "node:tls";

/** What the connection, and the proxies that are trusted, say about the client. */
export interface Client {
  readonly ip: string;
  readonly secure: boolean;
  /** Host header as the client sent it, with its port. */
  readonly host: string;
}

/**
 * `X-Forwarded-*` count only when the peer is a trusted proxy. Of `X-Forwarded-For` the last address that is not a
 * trusted proxy's is the client: what stands before it, the client may have written itself.
 */
export function clientOf(request: IncomingMessage, trusted: BlockList): Client {
  const { socket, headers } = request;
  const peer = plainAddress(socket.remoteAddress ?? "");
  const secure = (socket as TLSSocket).encrypted === true;
  const host = headers.host ?? "";
  if (!isTrusted(trusted, peer)) return { ip: peer, secure, host };
  const hops = list(headers["x-forwarded-for"]).map(plainAddress);
  const ip = hops.findLast((hop) => !isTrusted(trusted, hop)) ?? hops[0] ?? peer;
  const proto = list(headers["x-forwarded-proto"]).at(-1);
  const forwardedHost = list(headers["x-forwarded-host"]).at(-1);
  return {
    ip: isIP(ip) === 0 ? peer : ip,
    secure: proto === undefined ? secure : proto === "https",
    host: forwardedHost ?? host,
  };
}

function isTrusted(trusted: BlockList, address: string): boolean {
  const family = isIP(address);
  return family !== 0 && trusted.check(address, family === 6 ? "ipv6" : "ipv4");
}

function plainAddress(address: string): string {
  return address.startsWith("::ffff:") ? address.slice(7) : address;
}

function list(header: string | string[] | undefined): string[] {
  const text = Array.isArray(header) ? header.join(",") : (header ?? "");
  return text.split(",").flatMap((part) => (part.trim() === "" ? [] : [part.trim()]));
}
