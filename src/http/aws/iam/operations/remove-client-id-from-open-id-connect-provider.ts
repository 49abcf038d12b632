import { removeClientId } from "../../../../iam/principals/oidc-providers.ts";
import type { IamHandler } from "../../call.ts";
import { authorizeOn } from "../authorize.ts";
import { changeAccount } from "../change-account.ts";
import type { IamPorts } from "../ports.ts";

export function removeClientIDFromOpenIDConnectProvider(
  ports: Pick<IamPorts, "identity">,
): IamHandler<"RemoveClientIDFromOpenIDConnectProvider"> {
  return async (call, input) => {
    const { OpenIDConnectProviderArn: arn, ClientID: clientId } = input;
    await authorizeOn(call, arn);
    await changeAccount(ports, call, (change) => removeClientId(change, call.account, arn, clientId));
  };
}
