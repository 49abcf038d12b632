import type { IncomingMessage } from "node:http";
import type { Client } from "./client.ts";
import type { CorsPolicy } from "./cors.ts";
import { Refusal } from "./refusal.ts";

/** Methods that change nothing (RFC 9110 section 9.2.1). */
const SAFE = new Set(["GET", "HEAD", "OPTIONS"]);

/**
 * Whether a browser sends this for another site's page, to change something: it adds the credentials that its user has
 * given to Berth. Pages of origins that the configuration names are no strangers. Browsers say so in `Sec-Fetch-Site` (Fetch Metadata), older ones in `Origin`; other clients send neither.
 */
export function isCrossSite(
  { method = "", headers }: IncomingMessage,
  client: Client,
  cors: CorsPolicy,
): boolean {
  if (SAFE.has(method)) return false;
  const { origin } = headers;
  if (origin !== undefined && cors.names(origin)) return false;
  const site = headers["sec-fetch-site"];
  if (site !== undefined) return site !== "same-origin" && site !== "none";
  return origin !== undefined && !isOwn(origin.toLowerCase(), client);
}

/** The scheme counts as far as it is known: who ends TLS in front may not be trusted to say so. */
function isOwn(origin: string, { host, secure, origin: own }: Client): boolean {
  const here = host.toLowerCase();
  return (
    origin === own.toLowerCase() || origin === `https://${here}` || (!secure && origin === `http://${here}`)
  );
}

export function crossSite(): Refusal {
  return new Refusal("DENIED", "a page of another site may change nothing here", { status: 403 });
}
