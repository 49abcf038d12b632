import { setThumbprints } from "../../../../iam/principals/oidc-providers.ts";
import type { IamHandler } from "../../call.ts";
import { authorizeOn } from "../authorize.ts";
import { changeAccount } from "../change-account.ts";
import type { IamPorts } from "../ports.ts";

export function updateOpenIDConnectProviderThumbprint(
  ports: Pick<IamPorts, "identity">,
): IamHandler<"UpdateOpenIDConnectProviderThumbprint"> {
  return async (call, input) => {
    const { OpenIDConnectProviderArn: arn, ThumbprintList: thumbprints } = input;
    await authorizeOn(call, arn);
    await changeAccount(ports, call, (change) => setThumbprints(change, call.account, arn, thumbprints));
  };
}
