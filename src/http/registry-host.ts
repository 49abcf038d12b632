import type { RegistryAddress } from "../registry/scope.ts";

const ECR_HOST = /^(\d{12})\.dkr(?:\.|-)ecr(?:-fips)?\.([a-z0-9-]+)\./;

/** Whether a host is the name of one registry. */
export function namesRegistry(host: string): boolean {
  return ECR_HOST.test(host.toLowerCase());
}

/** The host name of a registry below a domain. */
export function registryHostBelow({ account, region }: RegistryAddress, domain: string): string {
  return `${account}.dkr.ecr.${region}.${domain}`;
}

/** A host without the registry that it names. */
export function domainOf(host: string): string {
  return host.toLowerCase().replace(ECR_HOST, "");
}

/** `<12 digits>.dkr.ecr.<region>.…` and its variants name account and region; any other host is the default registry. */
export function registryOfHost(host: string, fallback: RegistryAddress): RegistryAddress {
  const match = ECR_HOST.exec(host.toLowerCase());
  return match === null ? fallback : { account: match[1] ?? "", region: match[2] ?? "" };
}
