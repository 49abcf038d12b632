import type { IncomingMessage } from "node:http";
import { type BlockList, isIP } from "node:net";
import type { TLSSocket } from "node:tls";
import { parseForwarded } from "./forwarded.ts";
import { originOf } from "./origin.ts";

/** What the connection, and the proxies that are trusted, say about the client. */
export interface Client {
  readonly ip: string;
  readonly secure: boolean;
  /** Host header as the client sent it, with its port. */
  readonly host: string;
  /** Scheme, host and port under which the client reaches Berth: what links, realms and names of registries begin with. */
  readonly origin: string;
}

/** How clients reach Berth. */
export interface Whereabouts {
  /** Whose word about clients counts. */
  readonly trustedProxies: BlockList;
  /** Origin without a trailing slash that is told to clients in place of what they and proxies say. */
  readonly externalUrl: string | undefined;
}

/** What a proxy says of the client, as far as it says anything. */
interface Hearsay {
  readonly ip: string | undefined;
  readonly proto: string | undefined;
  readonly host: string | undefined;
  readonly port: string | undefined;
}

/**
 * Forwarding headers count only when the peer is a trusted proxy: `X-Forwarded-*`, or `Forwarded` (RFC 7239) where none of
 * those came. Never both: a proxy writes one kind, and lets the client's own of the other kind pass.
 */
export function clientOf(request: IncomingMessage, whereabouts: Whereabouts): Client {
  const { socket, headers } = request;
  const { trustedProxies, externalUrl } = whereabouts;
  const peer = plainAddress(socket.remoteAddress ?? "");
  const secure = (socket as TLSSocket).encrypted === true;
  const host = headers.host ?? "";
  if (!isTrusted(trustedProxies, peer)) {
    return new KnownClient({ ip: peer, secure, host, port: undefined, externalUrl });
  }
  const said = hearsayOf(headers, trustedProxies);
  return new KnownClient({
    ip: said.ip === undefined || isIP(said.ip) === 0 ? peer : said.ip,
    secure: said.proto === undefined ? secure : said.proto === "https",
    host: said.host ?? host,
    ...{ port: said.port, externalUrl },
  });
}

interface Facts extends Pick<Client, "ip" | "secure" | "host"> {
  /** Port where `host` names none. */
  readonly port: string | undefined;
  readonly externalUrl: string | undefined;
}

/** Most requests need no origin: it is made when it is asked for. */
class KnownClient implements Client {
  readonly ip: string;
  readonly secure: boolean;
  readonly host: string;
  readonly #facts: Facts;

  constructor(facts: Facts) {
    this.ip = facts.ip;
    this.secure = facts.secure;
    this.host = facts.host;
    this.#facts = facts;
  }

  get origin(): string {
    return originOf(this.#facts);
  }
}

/**
 * Of a list of addresses the last one that is not a trusted proxy's is the client: what stands before it, the client may
 * have written itself. Of scheme and host the last word counts, and in `Forwarded` that of the hop that names the client.
 */
function hearsayOf(headers: IncomingMessage["headers"], trusted: BlockList): Hearsay {
  const hops = list(headers["x-forwarded-for"]).map(plainAddress);
  const said = {
    ip: hops.findLast((hop) => !isTrusted(trusted, hop)) ?? hops[0],
    proto: list(headers["x-forwarded-proto"]).at(-1)?.toLowerCase(),
    host: list(headers["x-forwarded-host"]).at(-1),
    port: list(headers["x-forwarded-port"]).at(-1),
  };
  if (Object.values(said).some((value) => value !== undefined)) return said;
  const forwarded = parseForwarded(headers.forwarded);
  const hop = forwarded.findLast((each) => !isTrusted(trusted, each.for)) ?? forwarded[0];
  return { ip: hop?.for, proto: hop?.proto, host: hop?.host, port: undefined };
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
