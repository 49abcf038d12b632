import { attachPolicy } from "../../../../iam/principals/attachments.ts";
import type { IamHandler } from "../../call.ts";
import { authorizeOnEntity, policyKey } from "../authorize.ts";
import type { IamPorts } from "../ports.ts";

export function attachUserPolicy(ports: Pick<IamPorts, "aws" | "identity">): IamHandler<"AttachUserPolicy"> {
  return async (call, input) => {
    await authorizeOnEntity(call, ports, "user", input.UserName, policyKey(input.PolicyArn));
    await ports.identity.change(call.account, (change) =>
      attachPolicy(change, ports.aws, "user", input.UserName, input.PolicyArn),
    );
  };
}
