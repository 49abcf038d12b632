import { requireVersion } from "../../../../iam/principals/managed-policies.ts";
import type { IamHandler } from "../../call.ts";
import { authorizeOn } from "../authorize.ts";
import type { IamPorts } from "../ports.ts";
import { presentVersion } from "../present.ts";

export function getPolicyVersion(ports: Pick<IamPorts, "aws" | "identity">): IamHandler<"GetPolicyVersion"> {
  return async (call, input) => {
    await authorizeOn(call, input.PolicyArn);
    const { PolicyArn: arn, VersionId: name } = input;
    const reader = ports.identity.reader(call.account);
    return {
      PolicyVersion: presentVersion(await requireVersion(reader, ports.aws, call.account, arn, name)),
    };
  };
}
