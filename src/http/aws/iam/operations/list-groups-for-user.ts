import { requireEntity } from "../../../../iam/principals/find-entity.ts";
import type { IamHandler } from "../../call.ts";
import { authorizeOnEntity } from "../authorize.ts";
import { Paging } from "../paging.ts";
import type { IamPorts } from "../ports.ts";
import { presentGroup } from "../present.ts";

export function listGroupsForUser(
  ports: Pick<IamPorts, "identity" | "tokens">,
): IamHandler<"ListGroupsForUser"> {
  return async (call, input) => {
    await authorizeOnEntity(call, ports, "user", input.UserName);
    const paging = new Paging(ports.tokens, call, input, [input.UserName]);
    const reader = ports.identity.reader(call.account);
    const user = await requireEntity(reader, "user", input.UserName);
    const page = await reader.listGroupsOf(user.id, paging);
    return { Groups: page.items.map(presentGroup), ...paging.marker(page) };
  };
}
