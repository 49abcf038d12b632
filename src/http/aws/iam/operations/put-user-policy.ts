import { putInlinePolicy } from "../../../../iam/principals/inline-policies.ts";
import type { IamHandler } from "../../call.ts";
import { authorizeOnEntity } from "../authorize.ts";
import { changeAccount } from "../change-account.ts";
import type { IamPorts } from "../ports.ts";

export function putUserPolicy(ports: Pick<IamPorts, "identity">): IamHandler<"PutUserPolicy"> {
  return async (call, input) => {
    await authorizeOnEntity(call, ports, "user", input.UserName);
    const policy = { name: input.PolicyName, document: input.PolicyDocument };
    await changeAccount(ports, call, (change) => putInlinePolicy(change, "user", input.UserName, policy));
  };
}
