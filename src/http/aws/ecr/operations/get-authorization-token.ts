import type { AwsCall, EcrHandler } from "../../call.ts";
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
    const expiresAt = endOfToken(call, tokens.lifetime);
    const password = await tokens.issueToken(call.principal, call.region, expiresAt);
    const { principal, requestId, context } = call;
    tokens.onIssue({
      ...{ principal, door: "api", requestId, at: call.clock.now() },
      ...{ sourceIp: context.sourceIp, userAgent: context.userAgent },
    });
    const authorizationToken = Buffer.from(`AWS:${password}`).toString("base64");
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

/** A token ends no later than the credentials that asked for it. */
function endOfToken({ clock, credentialsEnd }: AwsCall, lifetime: number): Date {
  const end = clock.now().getTime() + lifetime * 1000;
  return new Date(Math.min(end, credentialsEnd?.getTime() ?? end));
}
