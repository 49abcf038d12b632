import type { IamHandler } from "../../call.ts";
import { authorizeOn, listArn } from "../authorize.ts";
import { Paging } from "../paging.ts";
import type { IamPorts } from "../ports.ts";
import { presentGroup } from "../present.ts";

export function listGroups(ports: Pick<IamPorts, "identity" | "tokens">): IamHandler<"ListGroups"> {
  return async (call, input) => {
    await authorizeOn(call, listArn(call, "group", input.PathPrefix));
    const { PathPrefix: pathPrefix = "/" } = input;
    const paging = new Paging(ports.tokens, call, input, [pathPrefix]);
    const page = await ports.identity.reader(call.account).listEntities("group", pathPrefix, paging);
    return { Groups: page.items.map(presentGroup), ...paging.marker(page) };
  };
}
