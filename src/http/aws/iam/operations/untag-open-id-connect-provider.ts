import { untagOidcProvider } from "../../../../iam/principals/oidc-providers.ts";
import type { IamHandler } from "../../call.ts";
import { authorizeOn } from "../authorize.ts";
import { changeAccount } from "../change-account.ts";
import type { IamPorts } from "../ports.ts";

export function untagOpenIDConnectProvider(
  ports: Pick<IamPorts, "identity">,
): IamHandler<"UntagOpenIDConnectProvider"> {
  return async (call, input) => {
    await authorizeOn(call, input.OpenIDConnectProviderArn, { "aws:TagKeys": input.TagKeys });
    await changeAccount(ports, call, (change) =>
      untagOidcProvider(change, call.account, input.OpenIDConnectProviderArn, input.TagKeys),
    );
  };
}
