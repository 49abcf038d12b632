import { attachPolicy } from "../../../../iam/principals/attachments.ts";
import type { IamHandler } from "../../call.ts";
import { authorizeOnEntity, policyKey } from "../authorize.ts";
import { changeAccount } from "../change-account.ts";
import type { IamPorts } from "../ports.ts";

export function attachGroupPolicy(
  ports: Pick<IamPorts, "aws" | "identity">,
): IamHandler<"AttachGroupPolicy"> {
  return async (call, input) => {
    await authorizeOnEntity(call, ports, "group", input.GroupName, policyKey(input.PolicyArn));
    await changeAccount(ports, call, (change) =>
      attachPolicy(change, ports.aws, "group", input.GroupName, input.PolicyArn),
    );
  };
}
