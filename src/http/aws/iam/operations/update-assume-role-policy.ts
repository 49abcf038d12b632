import { changeRole } from "../../../../iam/principals/change-entities.ts";
import type { IamHandler } from "../../call.ts";
import { authorizeOnEntity } from "../authorize.ts";
import { changeAccount } from "../change-account.ts";
import type { IamPorts } from "../ports.ts";

export function updateAssumeRolePolicy(
  ports: Pick<IamPorts, "identity">,
): IamHandler<"UpdateAssumeRolePolicy"> {
  return async (call, input) => {
    await authorizeOnEntity(call, ports, "role", input.RoleName);
    await changeAccount(ports, call, (change) =>
      changeRole(change, input.RoleName, { trustPolicy: input.PolicyDocument }),
    );
  };
}
