import { deleteInlinePolicy } from "../../../../iam/principals/inline-policies.ts";
import type { IamHandler } from "../../call.ts";
import { authorizeOnEntity } from "../authorize.ts";
import { changeAccount } from "../change-account.ts";
import type { IamPorts } from "../ports.ts";

export function deleteGroupPolicy(ports: Pick<IamPorts, "identity">): IamHandler<"DeleteGroupPolicy"> {
  return async (call, input) => {
    await authorizeOnEntity(call, ports, "group", input.GroupName);
    await changeAccount(ports, call, (change) =>
      deleteInlinePolicy(change, "group", input.GroupName, input.PolicyName),
    );
  };
}
