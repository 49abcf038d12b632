import { requireEntity } from "../../../../iam/principals/find-entity.ts";
import { tagList } from "../../../../iam/principals/tags.ts";
import type { IamHandler } from "../../call.ts";
import { authorizeOnEntity } from "../authorize.ts";
import { Paging } from "../paging.ts";
import type { IamPorts } from "../ports.ts";

export function listUserTags(ports: Pick<IamPorts, "identity" | "tokens">): IamHandler<"ListUserTags"> {
  return async (call, input) => {
    await authorizeOnEntity(call, ports, "user", input.UserName);
    const paging = new Paging(ports.tokens, call, input, [input.UserName]);
    const { tags } = await requireEntity(ports.identity.reader(call.account), "user", input.UserName);
    const page = paging.cut(tagList(tags), (tag) => tag.Key);
    return { Tags: page.items, ...paging.marker(page) };
  };
}
