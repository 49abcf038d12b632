import { tagEntity } from "../../../../iam/principals/change-entities.ts";
import type { IamHandler } from "../../call.ts";
import { authorizeOnEntity, requestTags } from "../authorize.ts";
import { changeAccount } from "../change-account.ts";
import type { IamPorts } from "../ports.ts";

export function tagRole(ports: Pick<IamPorts, "identity">): IamHandler<"TagRole"> {
  return async (call, input) => {
    await authorizeOnEntity(call, ports, "role", input.RoleName, requestTags(input.Tags));
    await changeAccount(ports, call, (change) => tagEntity(change, "role", input.RoleName, input.Tags));
  };
}
