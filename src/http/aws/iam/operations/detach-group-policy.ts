import { detachPolicy } from "../../../../iam/principals/attachments.ts";
import type { IamHandler } from "../../call.ts";
import { authorizeOnEntity, policyKey } from "../authorize.ts";
import { changeAccount } from "../change-account.ts";
import type { IamPorts } from "../ports.ts";

export function detachGroupPolicy(ports: Pick<IamPorts, "identity">): IamHandler<"DetachGroupPolicy"> {
  return async (call, input) => {
    await authorizeOnEntity(call, ports, "group", input.GroupName, policyKey(input.PolicyArn));
    await changeAccount(ports, call, (change) =>
      detachPolicy(change, "group", input.GroupName, input.PolicyArn),
    );
  };
}
