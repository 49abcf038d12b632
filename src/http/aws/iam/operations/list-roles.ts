import type { IamHandler } from "../../call.ts";
import { authorizeOn, listArn } from "../authorize.ts";
import { Paging } from "../paging.ts";
import type { IamPorts } from "../ports.ts";
import { presentListedRole } from "../present.ts";

export function listRoles(ports: Pick<IamPorts, "identity" | "tokens">): IamHandler<"ListRoles"> {
  return async (call, input) => {
    await authorizeOn(call, listArn(call, "role", input.PathPrefix));
    const { PathPrefix: pathPrefix = "/" } = input;
    const paging = new Paging(ports.tokens, call, input, [pathPrefix]);
    const page = await ports.identity.reader(call.account).listEntities("role", pathPrefix, paging);
    return { Roles: page.items.map(presentListedRole), ...paging.marker(page) };
  };
}
