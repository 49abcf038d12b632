import { requireEntity } from "../../../../iam/principals/find-entity.ts";
import type { IamHandler } from "../../call.ts";
import { authorizeOnEntity } from "../authorize.ts";
import { Paging } from "../paging.ts";
import type { IamPorts } from "../ports.ts";
import { presentAttached } from "../present.ts";

export function listAttachedRolePolicies(
  ports: Pick<IamPorts, "identity" | "tokens">,
): IamHandler<"ListAttachedRolePolicies"> {
  return async (call, input) => {
    await authorizeOnEntity(call, ports, "role", input.RoleName);
    const { PathPrefix: pathPrefix = "/" } = input;
    const paging = new Paging(ports.tokens, call, input, [input.RoleName, pathPrefix]);
    const reader = ports.identity.reader(call.account);
    const entity = await requireEntity(reader, "role", input.RoleName);
    const attached = await reader.listAttachedPolicies(entity.id);
    const below = attached.filter((arn) => arn.slice(arn.indexOf("/")).startsWith(pathPrefix));
    const page = paging.cut(below, (arn) => arn);
    return { AttachedPolicies: presentAttached(page.items), ...paging.marker(page) };
  };
}
