import { attachPolicy } from "../../../../iam/principals/attachments.ts";
import type { IamHandler } from "../../call.ts";
import { authorizeOnEntity, policyKey } from "../authorize.ts";
import { changeAccount } from "../change-account.ts";
import type { IamPorts } from "../ports.ts";

export function attachUserPolicy(ports: Pick<IamPorts, "aws" | "identity">): IamHandler<"AttachUserPolicy"> {
  return async (call, input) => {
    await authorizeOnEntity(call, ports, "user", input.UserName, policyKey(input.PolicyArn));
    await changeAccount(ports, call, (change) =>
      attachPolicy(change, ports.aws, "user", input.UserName, input.PolicyArn),
    );
  };
}
