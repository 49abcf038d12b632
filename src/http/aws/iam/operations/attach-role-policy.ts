import { attachPolicy } from "../../../../iam/principals/attachments.ts";
import type { IamHandler } from "../../call.ts";
import { authorizeOnEntity, policyKey } from "../authorize.ts";
import { changeAccount } from "../change-account.ts";
import type { IamPorts } from "../ports.ts";

export function attachRolePolicy(ports: Pick<IamPorts, "aws" | "identity">): IamHandler<"AttachRolePolicy"> {
  return async (call, input) => {
    await authorizeOnEntity(call, ports, "role", input.RoleName, policyKey(input.PolicyArn));
    await changeAccount(ports, call, (change) =>
      attachPolicy(change, ports.aws, "role", input.RoleName, input.PolicyArn),
    );
  };
}
