import { detachPolicy } from "../../../../iam/principals/attachments.ts";
import type { IamHandler } from "../../call.ts";
import { authorizeOnEntity, policyKey } from "../authorize.ts";
import { changeAccount } from "../change-account.ts";
import type { IamPorts } from "../ports.ts";

export function detachUserPolicy(ports: Pick<IamPorts, "identity">): IamHandler<"DetachUserPolicy"> {
  return async (call, input) => {
    await authorizeOnEntity(call, ports, "user", input.UserName, policyKey(input.PolicyArn));
    await changeAccount(ports, call, (change) =>
      detachPolicy(change, "user", input.UserName, input.PolicyArn),
    );
  };
}
