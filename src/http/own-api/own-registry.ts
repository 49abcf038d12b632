import type { IncomingMessage } from "node:http";
import type { AccountPrincipal } from "../../iam/principal.ts";
import { Parameters, QUERY_LIMITS, queryText } from "../../kernel/parameters.ts";
import type { RegistryAddress } from "../../registry/scope.ts";
import type { Client } from "../client.ts";
import { Refusal } from "../refusal.ts";
import { registryOfHost } from "../registry-host.ts";

/**
 * The registry of the caller's account, in the region that the parameter `region` names, else the host, else the default
 * one. @throws Refusal DENIED on the host of another account
 */
export function ownRegistry(
  { account }: AccountPrincipal,
  { host }: Client,
  request: IncomingMessage,
  defaultRegion: string,
): RegistryAddress {
  const registry = registryOfHost(host, { account, region: defaultRegion });
  if (registry.account !== account) throw new Refusal("DENIED", "the host must be one of your own account");
  const named = Parameters.pick(queryText(request.url), ["region"], QUERY_LIMITS).get("region");
  return named === null ? registry : { account, region: named };
}
