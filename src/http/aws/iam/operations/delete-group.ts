import { deleteEntity } from "../../../../iam/principals/delete-entity.ts";
import type { IamHandler } from "../../call.ts";
import { authorizeOnEntity } from "../authorize.ts";
import { changeAccount } from "../change-account.ts";
import type { IamPorts } from "../ports.ts";

export function deleteGroup(ports: Pick<IamPorts, "identity">): IamHandler<"DeleteGroup"> {
  return async (call, input) => {
    await authorizeOnEntity(call, ports, "group", input.GroupName);
    await changeAccount(ports, call, (change) => deleteEntity(change, "group", input.GroupName));
  };
}
