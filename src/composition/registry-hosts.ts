import type { Config } from "../config.ts";
import type { RegistryHosts } from "../http/aws/ecr/ports.ts";

/** Names of registries by the configured template; without one the origin that a client came to names them all. */
export function registryHosts({ registryHost }: Pick<Config, "registryHost">): RegistryHosts {
  const endpointOf: RegistryHosts["endpointOf"] = ({ account, region }, origin) =>
    registryHost === undefined
      ? origin
      : `https://${registryHost.replaceAll("{account}", account).replaceAll("{region}", region)}`;
  return {
    endpointOf,
    hostOf: (registry, origin) => endpointOf(registry, origin).replace(/^https?:\/\//, ""),
  };
}
