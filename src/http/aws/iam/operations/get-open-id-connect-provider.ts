import { requireOidcProvider } from "../../../../iam/principals/oidc-providers.ts";
import type { IamHandler } from "../../call.ts";
import { authorizeOn } from "../authorize.ts";
import type { IamPorts } from "../ports.ts";
import { presentTags } from "../present.ts";

export function getOpenIDConnectProvider(
  ports: Pick<IamPorts, "identity">,
): IamHandler<"GetOpenIDConnectProvider"> {
  return async (call, input) => {
    const { OpenIDConnectProviderArn: arn } = input;
    await authorizeOn(call, arn);
    const provider = await requireOidcProvider(ports.identity.reader(call.account), call.account, arn);
    return {
      ...{ Url: provider.url, ClientIDList: provider.clientIds, ThumbprintList: provider.thumbprints },
      ...{ CreateDate: provider.createdAt, ...presentTags(provider.tags) },
    };
  };
}
