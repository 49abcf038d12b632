import type { IncomingMessage } from "node:http";
import { Refusal } from "./refusal.ts";

const ABSOLUTE = /^https?:\/\/([^/?#]*)(.*)$/is;

/** `uri-host [ ":" port ]` (RFC 9110 section 7.2), which may be empty, and has no user. */
const HOST = /^(?:\[[\da-f:.]+\]|[\w.~!$&'()*+,;=%-]*)(?::\d*)?$/i;

/**
 * Writes the target of a request as doors know it, as path and query: one with a scheme, which any server has to take, says
 * in place of `Host` where it was sent (RFC 9112 section 3.2.2). Others stay as they are.
 */
export function takeTarget(request: IncomingMessage): void {
  const { url = "", method } = request;
  if (url.startsWith("/")) return;
  const [, authority = "", rest = ""] = ABSOLUTE.exec(url) ?? [];
  if (authority === "" || !HOST.test(authority)) return;
  request.headers.host = authority;
  // Of the server as a whole (section 3.2.4).
  const whole = method === "OPTIONS" && rest === "" ? "*" : "/";
  request.url = rest.startsWith("/") ? rest : `${whole}${rest}`;
}

/** What is wrong with where a request says it goes: its version, its target or its host. */
export function misdirected({
  httpVersionMajor,
  method,
  url = "",
  headers,
  rawHeaders,
}: IncomingMessage): Refusal | undefined {
  if (httpVersionMajor > 1) {
    return new Refusal("UNSUPPORTED", "this server speaks HTTP/1.1", { status: 505 });
  }
  if (!url.startsWith("/") && !(url === "*" && method === "OPTIONS")) {
    return new Refusal("UNSUPPORTED", "the target of the request is not a valid URL", { status: 400 });
  }
  // Two machines could go by different ones (RFC 9112 section 3.2).
  if (!HOST.test(headers.host ?? "") || countOf(rawHeaders, "host") > 1) {
    return new Refusal("UNSUPPORTED", "a request has one Host, as host:port", { status: 400 });
  }
  return undefined;
}

/** How often a header came, of names and values in turn. */
function countOf(rawHeaders: readonly string[], name: string): number {
  let count = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const each = rawHeaders[at] ?? "";
    if (each.length === name.length && each.toLowerCase() === name) count++;
  }
  return count;
}
