import { requireEntity } from "../../../../iam/principals/find-entity.ts";
import type { IamHandler } from "../../call.ts";
import { authorizeOnUser } from "../authorize.ts";
import { ownUserName } from "../caller.ts";
import type { IamPorts } from "../ports.ts";
import { presentRoot, presentUser } from "../present.ts";

export function getUser(ports: Pick<IamPorts, "identity">): IamHandler<"GetUser"> {
  return async (call, input) => {
    const name = ownUserName(call, input.UserName);
    await authorizeOnUser(call, ports, name);
    if (name === undefined) return { User: presentRoot(call.account) };
    return { User: presentUser(await requireEntity(ports.identity.reader(call.account), "user", name)) };
  };
}
