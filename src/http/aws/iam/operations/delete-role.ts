import { deleteEntity } from "../../../../iam/principals/delete-entity.ts";
import type { IamHandler } from "../../call.ts";
import { authorizeOnEntity } from "../authorize.ts";
import { changeAccount } from "../change-account.ts";
import type { IamPorts } from "../ports.ts";

export function deleteRole(ports: Pick<IamPorts, "identity">): IamHandler<"DeleteRole"> {
  return async (call, input) => {
    await authorizeOnEntity(call, ports, "role", input.RoleName);
    await changeAccount(ports, call, (change) => deleteEntity(change, "role", input.RoleName));
  };
}
