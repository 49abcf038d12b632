import { keyOwner } from "../../../../iam/principals/access-keys.ts";
import type { IamHandler } from "../../call.ts";
import { authorizeOnUser } from "../authorize.ts";
import { ownUserName } from "../caller.ts";
import { Paging } from "../paging.ts";
import type { IamPorts } from "../ports.ts";
import { presentKey } from "../present.ts";

export function listAccessKeys(ports: Pick<IamPorts, "identity" | "tokens">): IamHandler<"ListAccessKeys"> {
  return async (call, input) => {
    const name = ownUserName(call, input.UserName);
    await authorizeOnUser(call, ports, name);
    const paging = new Paging(ports.tokens, call, input, [name]);
    const reader = ports.identity.reader(call.account);
    const keys = await reader.listAccessKeys(await keyOwner(reader, name));
    const page = paging.cut(
      keys.toSorted((a, b) => (a.id < b.id ? -1 : 1)),
      ({ id }) => id,
    );
    return { AccessKeyMetadata: page.items.map(presentKey), ...paging.marker(page) };
  };
}
