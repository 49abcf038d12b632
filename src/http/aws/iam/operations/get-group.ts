import { requireEntity } from "../../../../iam/principals/find-entity.ts";
import type { IamHandler } from "../../call.ts";
import { authorizeOnEntity } from "../authorize.ts";
import { Paging } from "../paging.ts";
import type { IamPorts } from "../ports.ts";
import { presentGroup, presentListedUser } from "../present.ts";

export function getGroup(ports: Pick<IamPorts, "identity" | "tokens">): IamHandler<"GetGroup"> {
  return async (call, input) => {
    await authorizeOnEntity(call, ports, "group", input.GroupName);
    const paging = new Paging(ports.tokens, call, input, [input.GroupName]);
    const reader = ports.identity.reader(call.account);
    const group = await requireEntity(reader, "group", input.GroupName);
    const page = await reader.listMembers(group.id, paging);
    return {
      ...{ Group: presentGroup(group), Users: page.items.map(presentListedUser) },
      ...paging.marker(page),
    };
  };
}
