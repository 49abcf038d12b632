import type { IamHandler } from "../../call.ts";
import { authorizeOn, listArn } from "../authorize.ts";
import { Paging } from "../paging.ts";
import type { IamPorts } from "../ports.ts";
import { presentListedUser } from "../present.ts";

export function listUsers(ports: Pick<IamPorts, "identity" | "tokens">): IamHandler<"ListUsers"> {
  return async (call, input) => {
    await authorizeOn(call, listArn(call, "user", input.PathPrefix));
    const { PathPrefix: pathPrefix = "/" } = input;
    const paging = new Paging(ports.tokens, call, input, [pathPrefix]);
    const page = await ports.identity.reader(call.account).listEntities("user", pathPrefix, paging);
    return { Users: page.items.map(presentListedUser), ...paging.marker(page) };
  };
}
