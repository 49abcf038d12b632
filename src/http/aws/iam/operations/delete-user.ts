import { deleteEntity } from "../../../../iam/principals/delete-entity.ts";
import type { IamHandler } from "../../call.ts";
import { authorizeOnEntity } from "../authorize.ts";
import { changeAccount } from "../change-account.ts";
import type { IamPorts } from "../ports.ts";

export function deleteUser(ports: Pick<IamPorts, "identity">): IamHandler<"DeleteUser"> {
  return async (call, input) => {
    await authorizeOnEntity(call, ports, "user", input.UserName);
    await changeAccount(ports, call, (change) => deleteEntity(change, "user", input.UserName));
  };
}
