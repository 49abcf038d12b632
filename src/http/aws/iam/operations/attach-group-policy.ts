import { attachPolicy } from "../../../../iam/principals/attachments.ts";
import type { IamHandler } from "../../call.ts";
import { authorizeOnEntity, policyKey } from "../authorize.ts";
import type { IamPorts } from "../ports.ts";

export function attachGroupPolicy(
  ports: Pick<IamPorts, "aws" | "identity">,
): IamHandler<"AttachGroupPolicy"> {
  return async (call, input) => {
    await authorizeOnEntity(call, ports, "group", input.GroupName, policyKey(input.PolicyArn));
    await ports.identity.change(call.account, (change) =>
      attachPolicy(change, ports.aws, "group", input.GroupName, input.PolicyArn),
    );
  };
}
