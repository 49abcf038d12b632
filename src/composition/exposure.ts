import { BlockList, isIP } from "node:net";
import type { Config } from "../config.ts";

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet("127.0.0.0", 8, "ipv4");
LOOPBACK.addAddress("::1", "ipv6");

/** What an operator is told who lets other machines send their passwords in the clear; undefined where TLS is somebody's. */
export function exposureWarning({
  listen,
  tls,
  externalUrl,
}: Pick<Config, "listen" | "tls" | "externalUrl">): string | undefined {
  if (tls !== undefined || isLoopback(listen.host) || externalUrl?.startsWith("https:") === true)
    return undefined;
  return (
    "other machines reach this port without TLS, and send their passwords in the clear: set BERTH_TLS_CERT and " +
    "BERTH_TLS_KEY, or put a proxy that has TLS in front and name its URL in BERTH_EXTERNAL_URL"
  );
}

function isLoopback(host: string): boolean {
  const family = isIP(host);
  if (family === 0) return host === "localhost";
  return LOOPBACK.check(host, family === 6 ? "ipv6" : "ipv4");
}
