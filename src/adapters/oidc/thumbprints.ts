import { X509Certificate } from "node:crypto";
import type { LookupFunction } from "node:net";
import { connect, type DetailedPeerCertificate, type TLSSocket } from "node:tls";

/** What OpenSSL says where a chain ends at nothing that is trusted. */
const UNTRUSTED = new Set([
  ...["DEPTH_ZERO_SELF_SIGNED_CERT", "SELF_SIGNED_CERT_IN_CHAIN", "UNABLE_TO_GET_ISSUER_CERT"],
  ...["UNABLE_TO_GET_ISSUER_CERT_LOCALLY", "UNABLE_TO_VERIFY_LEAF_SIGNATURE"],
]);
/** Certificates of a chain that are looked at. */
const CHAIN_MAX = 10;

export function isUntrusted(error: Error): boolean {
  return "code" in error && UNTRUSTED.has(String(error.code));
}

/**
 * The certificate, in PEM, of those that a host shows whose SHA-1 is one of the thumbprints; undefined without one. It
 * proves nothing by being shown: whoever connects has to verify the host's own certificate against it. Nothing is sent.
 */
export async function findAnchor(
  { hostname, port }: URL,
  thumbprints: readonly string[],
  lookup: LookupFunction,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (thumbprints.length === 0) return undefined;
  const host = hostname.replace(/^\[(.*)\]$/, "$1");
  const socket = connect({
    ...{ host, port: port === "" ? 443 : Number(port), lookup, rejectUnauthorized: false },
    ...(/[a-z]/i.test(host) && !host.includes(":") ? { servername: host } : {}),
  });
  const abort = (): TLSSocket => socket.destroy(new Error("it took too long"));
  signal.addEventListener("abort", abort, { once: true });
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once("secureConnect", resolve).once("error", reject).once("close", reject);
    });
    const wanted = new Set(thumbprints.map((each) => each.toLowerCase()));
    const found = chainOf(socket).find((each) =>
      wanted.has(each.fingerprint.replaceAll(":", "").toLowerCase()),
    );
    return found && new X509Certificate(found.raw).toString();
  } finally {
    signal.removeEventListener("abort", abort);
    socket.on("error", () => undefined).destroy();
  }
}

function chainOf(socket: TLSSocket): readonly DetailedPeerCertificate[] {
  const chain: DetailedPeerCertificate[] = [];
  let next: DetailedPeerCertificate | undefined = socket.getPeerCertificate(true);
  // A root is its own issuer; who shows no certificate shows an empty object.
  while (next?.raw !== undefined && !chain.includes(next) && chain.length < CHAIN_MAX) {
    chain.push(next);
    next = next.issuerCertificate;
  }
  return chain;
}
