import { putInlinePolicy } from "../../../../iam/principals/inline-policies.ts";
import type { IamHandler } from "../../call.ts";
import { authorizeOnEntity } from "../authorize.ts";
import type { IamPorts } from "../ports.ts";

export function putUserPolicy(ports: Pick<IamPorts, "identity">): IamHandler<"PutUserPolicy"> {
  return async (call, input) => {
    await authorizeOnEntity(call, ports, "user", input.UserName);
    const policy = { name: input.PolicyName, document: input.PolicyDocument };
    await ports.identity.change(call.account, (change) =>
      putInlinePolicy(change, "user", input.UserName, policy),
    );
  };
}
