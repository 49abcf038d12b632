import { detachPolicy } from "../../../../iam/principals/attachments.ts";
import type { IamHandler } from "../../call.ts";
import { authorizeOnEntity, policyKey } from "../authorize.ts";
import type { IamPorts } from "../ports.ts";

export function detachUserPolicy(ports: Pick<IamPorts, "identity">): IamHandler<"DetachUserPolicy"> {
  return async (call, input) => {
    await authorizeOnEntity(call, ports, "user", input.UserName, policyKey(input.PolicyArn));
    await ports.identity.change(call.account, (change) =>
      detachPolicy(change, "user", input.UserName, input.PolicyArn),
    );
  };
}
