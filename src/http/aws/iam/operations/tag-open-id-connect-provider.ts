import { tagOidcProvider } from "../../../../iam/principals/oidc-providers.ts";
import type { IamHandler } from "../../call.ts";
import { authorizeOn, requestTags } from "../authorize.ts";
import { changeAccount } from "../change-account.ts";
import type { IamPorts } from "../ports.ts";

export function tagOpenIDConnectProvider(
  ports: Pick<IamPorts, "identity">,
): IamHandler<"TagOpenIDConnectProvider"> {
  return async (call, input) => {
    await authorizeOn(call, input.OpenIDConnectProviderArn, requestTags(input.Tags));
    await changeAccount(ports, call, (change) =>
      tagOidcProvider(change, call.account, input.OpenIDConnectProviderArn, input.Tags),
    );
  };
}
