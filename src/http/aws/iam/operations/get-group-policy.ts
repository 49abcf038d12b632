import { requireOwnPolicy } from "../../../../iam/principals/inline-policies.ts";
import type { IamHandler } from "../../call.ts";
import { authorizeOnEntity } from "../authorize.ts";
import type { IamPorts } from "../ports.ts";
import { encodeDocument } from "../present.ts";

export function getGroupPolicy(ports: Pick<IamPorts, "identity">): IamHandler<"GetGroupPolicy"> {
  return async (call, input) => {
    await authorizeOnEntity(call, ports, "group", input.GroupName);
    const reader = ports.identity.reader(call.account);
    const policy = await requireOwnPolicy(reader, "group", input.GroupName, input.PolicyName);
    return {
      ...{ GroupName: input.GroupName, PolicyName: policy.name },
      PolicyDocument: encodeDocument(policy.document),
    };
  };
}
