import { detachPolicy } from "../../../../iam/principals/attachments.ts";
import type { IamHandler } from "../../call.ts";
import { authorizeOnEntity, policyKey } from "../authorize.ts";
import { changeAccount } from "../change-account.ts";
import type { IamPorts } from "../ports.ts";

export function detachRolePolicy(ports: Pick<IamPorts, "identity">): IamHandler<"DetachRolePolicy"> {
  return async (call, input) => {
    await authorizeOnEntity(call, ports, "role", input.RoleName, policyKey(input.PolicyArn));
    await changeAccount(ports, call, (change) =>
      detachPolicy(change, "role", input.RoleName, input.PolicyArn),
    );
  };
}
