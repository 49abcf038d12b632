import { putInlinePolicy } from "../../../../iam/principals/inline-policies.ts";
import type { IamHandler } from "../../call.ts";
import { authorizeOnEntity } from "../authorize.ts";
import { changeAccount } from "../change-account.ts";
import type { IamPorts } from "../ports.ts";

export function putRolePolicy(ports: Pick<IamPorts, "identity">): IamHandler<"PutRolePolicy"> {
  return async (call, input) => {
    await authorizeOnEntity(call, ports, "role", input.RoleName);
    const policy = { name: input.PolicyName, document: input.PolicyDocument };
    await changeAccount(ports, call, (change) => putInlinePolicy(change, "role", input.RoleName, policy));
  };
}
