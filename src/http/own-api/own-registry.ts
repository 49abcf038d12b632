import type { AccountPrincipal } from "../../iam/principal.ts";
import type { RegistryAddress } from "../../registry/scope.ts";
import type { Client } from "../client.ts";
import { Refusal } from "../refusal.ts";
import { registryOfHost } from "../registry-host.ts";

/**
 * The registry of the caller's account, in the region that the host names or else the default one.
 * @throws Refusal DENIED on the host of another account
 */
export function ownRegistry(
  { account }: AccountPrincipal,
  { host }: Client,
  defaultRegion: string,
): RegistryAddress {
  const registry = registryOfHost(host, { account, region: defaultRegion });
  if (registry.account === account) return registry;
  throw new Refusal("DENIED", "the host must be one of your own account");
}
