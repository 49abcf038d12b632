import { tagEntity } from "../../../../iam/principals/change-entities.ts";
import type { IamHandler } from "../../call.ts";
import { authorizeOnEntity, requestTags } from "../authorize.ts";
import { changeAccount } from "../change-account.ts";
import type { IamPorts } from "../ports.ts";

export function tagUser(ports: Pick<IamPorts, "identity">): IamHandler<"TagUser"> {
  return async (call, input) => {
    await authorizeOnEntity(call, ports, "user", input.UserName, requestTags(input.Tags));
    await changeAccount(ports, call, (change) => tagEntity(change, "user", input.UserName, input.Tags));
  };
}
