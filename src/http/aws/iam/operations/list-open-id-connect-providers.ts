import { oidcProviderArn } from "../../../../iam/principals/arns.ts";
import type { IamHandler } from "../../call.ts";
import { authorizeOn } from "../authorize.ts";
import type { IamPorts } from "../ports.ts";

export function listOpenIDConnectProviders(
  ports: Pick<IamPorts, "identity">,
): IamHandler<"ListOpenIDConnectProviders"> {
  return async (call) => {
    await authorizeOn(call, oidcProviderArn(call.account, "*"));
    const providers = await ports.identity.reader(call.account).listOidcProviders();
    return {
      OpenIDConnectProviderList: providers.map(({ url }) => ({ Arn: oidcProviderArn(call.account, url) })),
    };
  };
}
