import { addUserToGroup as addUserToGroupInDomain } from "../../../../iam/principals/memberships.ts";
import type { IamHandler } from "../../call.ts";
import { authorizeOnEntity } from "../authorize.ts";
import { changeAccount } from "../change-account.ts";
import type { IamPorts } from "../ports.ts";

export function addUserToGroup(ports: Pick<IamPorts, "identity">): IamHandler<"AddUserToGroup"> {
  return async (call, input) => {
    await authorizeOnEntity(call, ports, "group", input.GroupName);
    await changeAccount(ports, call, (change) =>
      addUserToGroupInDomain(change, input.GroupName, input.UserName),
    );
  };
}
