import { oidcProviderArn } from "../../../../iam/principals/arns.ts";
import {
  createOidcProvider,
  providerUrl,
  requireReachable,
} from "../../../../iam/principals/oidc-providers.ts";
import type { IamHandler } from "../../call.ts";
import { authorizeNew } from "../authorize.ts";
import { changeAccount } from "../change-account.ts";
import type { IamPorts } from "../ports.ts";
import { presentTags } from "../present.ts";

export function createOpenIDConnectProvider(
  ports: Pick<IamPorts, "identity" | "issuerHosts">,
): IamHandler<"CreateOpenIDConnectProvider"> {
  return async (call, input) => {
    const { Url: issuer, Tags: tags, ClientIDList: clientIds = [], ThumbprintList: thumbprints = [] } = input;
    const arn = oidcProviderArn(call.account, providerUrl(issuer));
    await authorizeNew(call, arn, "iam:TagOpenIDConnectProvider", tags);
    requireReachable(issuer, ports.issuerHosts);
    const provider = await changeAccount(ports, call, (change) =>
      createOidcProvider(change, { url: issuer, clientIds, thumbprints, tags }, call.clock.now()),
    );
    return { OpenIDConnectProviderArn: arn, ...presentTags(provider.tags) };
  };
}
