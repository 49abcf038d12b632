import { parseTemplatePrefix } from "../../../../registry/templates/prefix.ts";
import { pageTemplates } from "../../../../registry/templates/templates.ts";
import type { EcrHandler } from "../../call.ts";
import { pageOf, refusePagingWith } from "../paging.ts";
import type { EcrPorts } from "../ports.ts";
import { presentTemplate } from "../present-template.ts";

/** By prefix, where those that there are not are left out; or all of them, a page at a time. */
export function describeRepositoryCreationTemplates(
  ports: Pick<EcrPorts, "scopes" | "templates" | "pageTokens">,
): EcrHandler<"DescribeRepositoryCreationTemplates"> {
  return async (call, input) => {
    await call.authorize("*");
    const scope = await ports.scopes.open(call);
    if (input.prefixes !== undefined && input.prefixes.length > 0) {
      refusePagingWith("prefixes", input);
      const found = await ports.templates.findAll(scope, input.prefixes.map(parseTemplatePrefix));
      return { registryId: call.account, repositoryCreationTemplates: found.map(presentTemplate) };
    }
    const wanted = pageOf(ports.pageTokens, call, call, input);
    const { items, next } = await pageTemplates(ports, scope, wanted);
    return {
      registryId: call.account,
      repositoryCreationTemplates: items.map(presentTemplate),
      nextToken: wanted.token(next),
    };
  };
}
