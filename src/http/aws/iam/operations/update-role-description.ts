import { changeRole } from "../../../../iam/principals/change-entities.ts";
import type { IamHandler } from "../../call.ts";
import { authorizeOnEntity } from "../authorize.ts";
import { changeAccount } from "../change-account.ts";
import type { IamPorts } from "../ports.ts";
import { presentRole } from "../present.ts";

export function updateRoleDescription(
  ports: Pick<IamPorts, "identity">,
): IamHandler<"UpdateRoleDescription"> {
  return async (call, input) => {
    await authorizeOnEntity(call, ports, "role", input.RoleName);
    const role = await changeAccount(ports, call, (change) =>
      changeRole(change, input.RoleName, { description: input.Description }),
    );
    return { Role: presentRole(role) };
  };
}
