import { requirePolicyArn } from "../../../../iam/principals/attachments.ts";
import { requirePolicy } from "../../../../iam/principals/aws-policies.ts";
import type { IamHandler } from "../../call.ts";
import { authorizeOn } from "../authorize.ts";
import type { IamPorts } from "../ports.ts";
import { presentPolicy } from "../present.ts";

export function getPolicy(ports: Pick<IamPorts, "aws" | "identity">): IamHandler<"GetPolicy"> {
  return async (call, input) => {
    await authorizeOn(call, input.PolicyArn);
    requirePolicyArn(input.PolicyArn);
    const reader = ports.identity.reader(call.account);
    return { Policy: presentPolicy(await requirePolicy(reader, ports.aws, call.account, input.PolicyArn)) };
  };
}
