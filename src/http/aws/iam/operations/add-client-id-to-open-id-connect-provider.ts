import { addClientId } from "../../../../iam/principals/oidc-providers.ts";
import type { IamHandler } from "../../call.ts";
import { authorizeOn } from "../authorize.ts";
import { changeAccount } from "../change-account.ts";
import type { IamPorts } from "../ports.ts";

export function addClientIDToOpenIDConnectProvider(
  ports: Pick<IamPorts, "identity">,
): IamHandler<"AddClientIDToOpenIDConnectProvider"> {
  return async (call, input) => {
    const { OpenIDConnectProviderArn: arn, ClientID: clientId } = input;
    await authorizeOn(call, arn);
    await changeAccount(ports, call, (change) => addClientId(change, call.account, arn, clientId));
  };
}
