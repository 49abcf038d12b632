import { requireEntity } from "../../../../iam/principals/find-entity.ts";
import type { IamHandler } from "../../call.ts";
import { authorizeOnEntity } from "../authorize.ts";
import { Paging } from "../paging.ts";
import type { IamPorts } from "../ports.ts";
import { presentAttached } from "../present.ts";

export function listAttachedUserPolicies(
  ports: Pick<IamPorts, "identity" | "tokens">,
): IamHandler<"ListAttachedUserPolicies"> {
  return async (call, input) => {
    await authorizeOnEntity(call, ports, "user", input.UserName);
    const { PathPrefix: pathPrefix = "/" } = input;
    const paging = new Paging(ports.tokens, call, input, [input.UserName, pathPrefix]);
    const reader = ports.identity.reader(call.account);
    const entity = await requireEntity(reader, "user", input.UserName);
    const attached = await reader.listAttachedPolicies(entity.id);
    const below = attached.filter((arn) => arn.slice(arn.indexOf("/")).startsWith(pathPrefix));
    const page = paging.cut(below, (arn) => arn);
    return { AttachedPolicies: presentAttached(page.items), ...paging.marker(page) };
  };
}
