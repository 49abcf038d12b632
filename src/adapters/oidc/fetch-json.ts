import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest, type RequestOptions } from "node:https";
import { rootCertificates } from "node:tls";
import type { FetchJson } from "../../iam/oidc/issuer-keys.ts";
import { isLoopback } from "../../iam/principals/oidc-providers.ts";
import type { OutboundHosts } from "../../kernel/outbound-hosts.ts";
import { checkedLookup, type Resolve, requirePublicAddress } from "../outbound/checked-lookup.ts";
import { findAnchor, isUntrusted } from "./thumbprints.ts";

/** How an answer is bounded, so that a provider cannot hold or fill us. */
export interface FetchLimits {
  /** Milliseconds for all of it. */
  readonly time: number;
  readonly bytes: number;
}

export const FETCH_LIMITS: FetchLimits = { time: 5_000, bytes: 256 * 1024 };

/** What reaching providers rests on. */
export interface ProviderAccess {
  readonly hosts: OutboundHosts;
  /** Certificates of authorities, in PEM, that are trusted beside those that Node ships. */
  readonly authorities?: string | undefined;
  readonly limits?: FetchLimits;
  readonly resolve?: Resolve;
}

/**
 * Reads JSON objects from identity providers over TLS, or over plain HTTP from this machine where its name is allowed. A
 * name is resolved once, all of its addresses are checked, and the connection goes to one of those. Redirects are not
 * followed: they would lead away from the issuer that an administrator registered.
 */
export function providerFetch(access: ProviderAccess): FetchJson {
  const { hosts, authorities, limits = FETCH_LIMITS, resolve } = access;
  const reach = { hosts, setting: "BERTH_OIDC_PRIVATE_HOSTS" } as const;
  const lookupChecked = checkedLookup(reach, resolve);
  const ca = authorities === undefined ? undefined : [...rootCertificates, authorities];
  return async (location, thumbprints) => {
    const url = new URL(location);
    requireSecure(url, hosts);
    requirePublicAddress(reach, url);
    const signal = AbortSignal.timeout(limits.time);
    const response = await ask(url, { lookup: lookupChecked, signal, ca }).catch(async (error: Error) => {
      const anchor = isUntrusted(error)
        ? await findAnchor(url, thumbprints, lookupChecked, signal)
        : undefined;
      if (anchor === undefined) throw error;
      return ask(url, { lookup: lookupChecked, signal, ca: anchor, allowPartialTrustChain: true });
    });
    try {
      const { statusCode } = response;
      if (statusCode !== 200) throw new Error(`it answered ${statusCode}`);
      return objectOf(await readBounded(response, limits.bytes));
    } finally {
      response.destroy();
    }
  };
}

function requireSecure({ protocol, hostname }: URL, hosts: OutboundHosts): void {
  const isPlainAllowed = protocol === "http:" && isLoopback(hostname) && hosts.mayBePrivate(hostname);
  if (protocol !== "https:" && !isPlainAllowed) throw new Error(`${hostname} is not asked over TLS`);
}

function ask(url: URL, how: RequestOptions): Promise<IncomingMessage> {
  const isTls = url.protocol === "https:";
  const options = {
    ...how,
    headers: { accept: "application/json" },
    // A connection that was kept might be to an address of yesterday.
    agent: isTls ? new HttpsAgent() : new HttpAgent(),
  };
  return new Promise((resolve, reject) => {
    const request = isTls ? httpsRequest(url, options) : httpRequest(url, options);
    request.on("response", resolve).on("error", reject).end();
  });
}

async function readBounded(response: IncomingMessage, max: number): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    // Leaving the loop ends the connection.
    if (size > max) throw new Error(`it is longer than ${max} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function objectOf(text: string): Readonly<Record<string, unknown>> {
  const value: unknown = JSON.parse(text);
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new Error("it is not an object");
  }
  return value as Readonly<Record<string, unknown>>;
}
