import ipaddr from "ipaddr.js";

/** Where others that Berth asks or tells may be: anywhere in the world, and on the private addresses of hosts that are named. */
export class OutboundHosts {
  readonly #named: ReadonlySet<string>;

  /** Host names, or addresses as URLs have them, without ports; `*` for every one. */
  constructor(named: readonly string[]) {
    this.#named = new Set(named.map((host) => (host === "*" ? host : plain(host))));
  }

  /** Whether that host of a URL may have a private address. */
  mayBePrivate(hostname: string): boolean {
    return this.#named.has("*") || this.#named.has(plain(hostname));
  }

  /** Whether that host is known to be private, without asking for its address, and may not be. */
  refuses(hostname: string): boolean {
    const address = addressOf(hostname);
    const isPrivate = address === undefined ? LOCAL.test(plain(hostname)) : !isPublicAddress(address);
    return isPrivate && !this.mayBePrivate(hostname);
  }
}

/** Names that mean this machine (RFC 6761 section 6.3). */
const LOCAL = /(?:^|\.)localhost$/;

/** The address that the host of a URL is; undefined for a name. URLs write every form of an IPv4 address in one way. */
export function addressOf(hostname: string): string | undefined {
  const address = hostname.replace(/^\[(.*)\]$/, "$1");
  return ipaddr.isValid(address) ? address : undefined;
}

/**
 * Whether an address is one of the world's: neither private nor of this machine, this link or any other special use
 * (IANA's registries of special-purpose addresses), IPv4 inside of IPv6 included.
 */
export function isPublicAddress(address: string): boolean {
  if (!ipaddr.isValid(address)) return false;
  const parsed = ipaddr.process(address);
  if (parsed.range() !== "unicast") return false;
  return parsed instanceof ipaddr.IPv4 || parsed.match(GLOBAL, GLOBAL_BITS);
}

/** What IPv6 addresses are given out of (RFC 3587). */
const GLOBAL = ipaddr.IPv6.parse("2000::");
const GLOBAL_BITS = 3;

/** The name without the dot of the root, in lower case. */
function plain(hostname: string): string {
  const name = URL.parse(`https://${hostname}`)?.hostname ?? hostname;
  let end = name.length;
  while (name[end - 1] === ".") end--;
  return name.slice(0, end);
}
