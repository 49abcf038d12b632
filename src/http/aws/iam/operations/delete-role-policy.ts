import { deleteInlinePolicy } from "../../../../iam/principals/inline-policies.ts";
import type { IamHandler } from "../../call.ts";
import { authorizeOnEntity } from "../authorize.ts";
import { changeAccount } from "../change-account.ts";
import type { IamPorts } from "../ports.ts";

export function deleteRolePolicy(ports: Pick<IamPorts, "identity">): IamHandler<"DeleteRolePolicy"> {
  return async (call, input) => {
    await authorizeOnEntity(call, ports, "role", input.RoleName);
    await changeAccount(ports, call, (change) =>
      deleteInlinePolicy(change, "role", input.RoleName, input.PolicyName),
    );
  };
}
