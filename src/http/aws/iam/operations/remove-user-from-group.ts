import { removeUserFromGroup as removeUserFromGroupInDomain } from "../../../../iam/principals/memberships.ts";
import type { IamHandler } from "../../call.ts";
import { authorizeOnEntity } from "../authorize.ts";
import { changeAccount } from "../change-account.ts";
import type { IamPorts } from "../ports.ts";

export function removeUserFromGroup(ports: Pick<IamPorts, "identity">): IamHandler<"RemoveUserFromGroup"> {
  return async (call, input) => {
    await authorizeOnEntity(call, ports, "group", input.GroupName);
    await changeAccount(ports, call, (change) =>
      removeUserFromGroupInDomain(change, input.GroupName, input.UserName),
    );
  };
}
