import { requireEntity } from "../../../../iam/principals/find-entity.ts";
import type { IamHandler } from "../../call.ts";
import { authorizeOnEntity } from "../authorize.ts";
import { Paging } from "../paging.ts";
import type { IamPorts } from "../ports.ts";
import { presentAttached } from "../present.ts";

export function listAttachedGroupPolicies(
  ports: Pick<IamPorts, "identity" | "tokens">,
): IamHandler<"ListAttachedGroupPolicies"> {
  return async (call, input) => {
    await authorizeOnEntity(call, ports, "group", input.GroupName);
    const { PathPrefix: pathPrefix = "/" } = input;
    const paging = new Paging(ports.tokens, call, input, [input.GroupName, pathPrefix]);
    const reader = ports.identity.reader(call.account);
    const entity = await requireEntity(reader, "group", input.GroupName);
    const attached = await reader.listAttachedPolicies(entity.id);
    const below = attached.filter((arn) => arn.slice(arn.indexOf("/")).startsWith(pathPrefix));
    const page = paging.cut(below, (arn) => arn);
    return { AttachedPolicies: presentAttached(page.items), ...paging.marker(page) };
  };
}
