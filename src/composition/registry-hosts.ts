import { isIP } from "node:net";
import type { Config } from "../config.ts";
import type { RegistryHosts } from "../http/aws/ecr/ports.ts";
import { domainOf, namesRegistry, registryHostBelow, registryOfHost } from "../http/registry-host.ts";
import type { RegistryAddress } from "../registry/scope.ts";

/**
 * Names of registries by the configured template. Without one the origin that a client came to names the default registry,
 * and a host below it any other.
 */
export function registryHosts({
  registryHost,
  account,
  region,
}: Pick<Config, "registryHost" | "account" | "region">): RegistryHosts {
  const endpointOf: RegistryHosts["endpointOf"] = (registry, origin) =>
    registryHost === undefined
      ? endpointBelow(registry, origin, { account, region })
      : `https://${registryHost.replaceAll("{account}", registry.account).replaceAll("{region}", registry.region)}`;
  return {
    endpointOf,
    hostOf: (registry, origin) => endpointOf(registry, origin).replace(/^https?:\/\//, ""),
  };
}

function endpointBelow(registry: RegistryAddress, origin: string, fallback: RegistryAddress): string {
  const [scheme = "", host = ""] = origin.split("://");
  const named = registryOfHost(host, fallback);
  if (named.account === registry.account && named.region === registry.region) return origin;
  const domain = domainFor(namesRegistry(host) ? domainOf(host) : host);
  return domain === undefined ? origin : `${scheme}://${registryHostBelow(registry, domain)}`;
}

/** Where names can be had below a host; an address has none, but for this machine's own. */
function domainFor(host: string): string | undefined {
  const name = host.replace(/:\d+$/, "");
  if (isIP(name.replace(/^\[|\]$/g, "")) === 0) return host;
  return /^(?:127\.|\[::1\])/.test(name) ? `localhost${host.slice(name.length)}` : undefined;
}
