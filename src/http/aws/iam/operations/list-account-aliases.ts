import type { IamHandler } from "../../call.ts";
import { authorizeOn } from "../authorize.ts";
import { Paging } from "../paging.ts";
import type { IamPorts } from "../ports.ts";

export function listAccountAliases(
  ports: Pick<IamPorts, "identity" | "tokens">,
): IamHandler<"ListAccountAliases"> {
  return async (call, input) => {
    await authorizeOn(call, "*");
    const paging = new Paging(ports.tokens, call, input);
    const alias = await ports.identity.reader(call.account).findAlias();
    const page = paging.cut(alias === undefined ? [] : [alias], (each) => each);
    return { AccountAliases: page.items, ...paging.marker(page) };
  };
}
