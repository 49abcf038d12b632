import { requireOidcProvider } from "../../../../iam/principals/oidc-providers.ts";
import { tagList } from "../../../../iam/principals/tags.ts";
import type { IamHandler } from "../../call.ts";
import { authorizeOn } from "../authorize.ts";
import { Paging } from "../paging.ts";
import type { IamPorts } from "../ports.ts";

export function listOpenIDConnectProviderTags(
  ports: Pick<IamPorts, "identity" | "tokens">,
): IamHandler<"ListOpenIDConnectProviderTags"> {
  return async (call, input) => {
    await authorizeOn(call, input.OpenIDConnectProviderArn);
    const paging = new Paging(ports.tokens, call, input, [input.OpenIDConnectProviderArn]);
    const { tags } = await requireOidcProvider(
      ports.identity.reader(call.account),
      call.account,
      input.OpenIDConnectProviderArn,
    );
    const page = paging.cut(tagList(tags), (tag) => tag.Key);
    return { Tags: page.items, ...paging.marker(page) };
  };
}
