/** One hop of a `Forwarded` header (RFC 7239 section 4): a proxy about whoever spoke to it. */
export interface ForwardedHop {
  /** Address without port and brackets, `unknown`, or a name that the proxy made up; empty where it is not said. */
  readonly for: string;
  /** In lower case. */
  readonly proto: string | undefined;
  readonly host: string | undefined;
}

/** A pair, which may be missing, and the semicolon or comma behind it. */
const PAIR =
  /[ \t]*(?:([\w!#$%&'*+.^`|~-]+)=(?:"((?:[^"\\]|\\.)*)"|([^\s",;]*))[ \t]*)?(?<separator>[;,]|$)/y;

/**
 * The hops, nearest to the client first. Of a header that is not written as the RFC has it only what stands behind the last
 * comma counts, which the nearest proxy wrote: a client may open a quote in front of it. Empty where that is wrong too.
 */
export function parseForwarded(header = ""): readonly ForwardedHop[] {
  return parse(header) ?? parse(header.slice(header.lastIndexOf(",") + 1)) ?? [];
}

function parse(text: string): readonly ForwardedHop[] | undefined {
  const hops: ForwardedHop[] = [];
  let pairs = new Map<string, string>();
  PAIR.lastIndex = 0;
  while (PAIR.lastIndex < text.length) {
    const match = PAIR.exec(text);
    if (match === null) return undefined;
    const [, name, quoted, token = ""] = match;
    if (name !== undefined) pairs.set(name.toLowerCase(), quoted?.replaceAll(/\\(.)/g, "$1") ?? token);
    if (match.groups?.["separator"] === ";") continue;
    if (pairs.size > 0) hops.push(hopOf(pairs));
    pairs = new Map();
  }
  if (pairs.size > 0) hops.push(hopOf(pairs));
  return hops;
}

function hopOf(pairs: ReadonlyMap<string, string>): ForwardedHop {
  return {
    for: addressOf(pairs.get("for") ?? ""),
    proto: pairs.get("proto")?.toLowerCase(),
    host: pairs.get("host"),
  };
}

/** Of `192.0.2.1:80`, `[2001:db8::1]:80` and both without a port. */
function addressOf(node: string): string {
  const bracketed = /^\[([^\]]*)\](?::\w+)?$/.exec(node);
  return bracketed?.[1] ?? node.replace(/^([^:]*):\w+$/, "$1");
}
