import { deleteInlinePolicy } from "../../../../iam/principals/inline-policies.ts";
import type { IamHandler } from "../../call.ts";
import { authorizeOnEntity } from "../authorize.ts";
import { changeAccount } from "../change-account.ts";
import type { IamPorts } from "../ports.ts";

export function deleteUserPolicy(ports: Pick<IamPorts, "identity">): IamHandler<"DeleteUserPolicy"> {
  return async (call, input) => {
    await authorizeOnEntity(call, ports, "user", input.UserName);
    await changeAccount(ports, call, (change) =>
      deleteInlinePolicy(change, "user", input.UserName, input.PolicyName),
    );
  };
}
