import { putInlinePolicy } from "../../../../iam/principals/inline-policies.ts";
import type { IamHandler } from "../../call.ts";
import { authorizeOnEntity } from "../authorize.ts";
import { changeAccount } from "../change-account.ts";
import type { IamPorts } from "../ports.ts";

export function putGroupPolicy(ports: Pick<IamPorts, "identity">): IamHandler<"PutGroupPolicy"> {
  return async (call, input) => {
    await authorizeOnEntity(call, ports, "group", input.GroupName);
    const policy = { name: input.PolicyName, document: input.PolicyDocument };
    await changeAccount(ports, call, (change) => putInlinePolicy(change, "group", input.GroupName, policy));
  };
}
