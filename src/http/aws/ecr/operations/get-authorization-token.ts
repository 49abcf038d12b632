import type { EcrHandler } from "../../call.ts";
import { handOutToken } from "../hand-out-token.ts";
import type { EcrPorts } from "../ports.ts";

/**
 * One token for the caller, shown once per registry that was asked for: it stands for the principal, and which
 * repositories that may reach is decided later.
 */
export function getAuthorizationToken({
  tokens,
  hosts,
}: Pick<EcrPorts, "tokens" | "hosts">): EcrHandler<"GetAuthorizationToken"> {
  return async (call, { registryIds }) => {
    await call.authorize("*");
    const { authorizationToken, expiresAt } = await handOutToken(tokens, call);
    const accounts = registryIds === undefined || registryIds.length === 0 ? [call.account] : registryIds;
    return {
      authorizationData: accounts.map((account) => ({
        authorizationToken,
        expiresAt,
        proxyEndpoint: hosts.endpointOf({ account, region: call.region }, call.origin),
      })),
    };
  };
}
