import { requireEntity } from "../../../../iam/principals/find-entity.ts";
import type { IamHandler } from "../../call.ts";
import { authorizeOnEntity } from "../authorize.ts";
import { Paging } from "../paging.ts";
import type { IamPorts } from "../ports.ts";

export function listGroupPolicies(
  ports: Pick<IamPorts, "identity" | "tokens">,
): IamHandler<"ListGroupPolicies"> {
  return async (call, input) => {
    await authorizeOnEntity(call, ports, "group", input.GroupName);
    const paging = new Paging(ports.tokens, call, input, [input.GroupName]);
    const reader = ports.identity.reader(call.account);
    const entity = await requireEntity(reader, "group", input.GroupName);
    const names = (await reader.listInlinePolicies(entity.id)).map((policy) => policy.name);
    const page = paging.cut(names, (name) => name);
    return { PolicyNames: page.items, ...paging.marker(page) };
  };
}
