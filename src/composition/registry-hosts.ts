import type { Config } from "../config.ts";
import type { RegistryHosts } from "../http/aws/ecr/ports.ts";

/** Names of registries by the configured template; without one the place where this node is reached names them all. */
export function registryHosts(config: Config, url: () => string): RegistryHosts {
  const hostOf: RegistryHosts["hostOf"] = ({ account, region }) =>
    config.registryHost === undefined
      ? new URL(config.externalUrl ?? url()).host
      : config.registryHost.replaceAll("{account}", account).replaceAll("{region}", region);
  const scheme = (): string =>
    config.registryHost === undefined ? new URL(config.externalUrl ?? url()).protocol : "https:";
  return { hostOf, endpointOf: (registry) => `${scheme()}//${hostOf(registry)}` };
}
