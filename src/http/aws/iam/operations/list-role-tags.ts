import { requireEntity } from "../../../../iam/principals/find-entity.ts";
import { tagList } from "../../../../iam/principals/tags.ts";
import type { IamHandler } from "../../call.ts";
import { authorizeOnEntity } from "../authorize.ts";
import { Paging } from "../paging.ts";
import type { IamPorts } from "../ports.ts";

export function listRoleTags(ports: Pick<IamPorts, "identity" | "tokens">): IamHandler<"ListRoleTags"> {
  return async (call, input) => {
    await authorizeOnEntity(call, ports, "role", input.RoleName);
    const paging = new Paging(ports.tokens, call, input, [input.RoleName]);
    const { tags } = await requireEntity(ports.identity.reader(call.account), "role", input.RoleName);
    const page = paging.cut(tagList(tags), (tag) => tag.Key);
    return { Tags: page.items, ...paging.marker(page) };
  };
}
