import { deleteOidcProvider } from "../../../../iam/principals/oidc-providers.ts";
import type { IamHandler } from "../../call.ts";
import { authorizeOn } from "../authorize.ts";
import { changeAccount } from "../change-account.ts";
import type { IamPorts } from "../ports.ts";

export function deleteOpenIDConnectProvider(
  ports: Pick<IamPorts, "identity">,
): IamHandler<"DeleteOpenIDConnectProvider"> {
  return async (call, input) => {
    const { OpenIDConnectProviderArn: arn } = input;
    await authorizeOn(call, arn);
    await changeAccount(ports, call, (change) => deleteOidcProvider(change, call.account, arn));
  };
}
