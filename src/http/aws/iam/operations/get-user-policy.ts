import { requireOwnPolicy } from "../../../../iam/principals/inline-policies.ts";
import type { IamHandler } from "../../call.ts";
import { authorizeOnEntity } from "../authorize.ts";
import type { IamPorts } from "../ports.ts";
import { encodeDocument } from "../present.ts";

export function getUserPolicy(ports: Pick<IamPorts, "identity">): IamHandler<"GetUserPolicy"> {
  return async (call, input) => {
    await authorizeOnEntity(call, ports, "user", input.UserName);
    const reader = ports.identity.reader(call.account);
    const policy = await requireOwnPolicy(reader, "user", input.UserName, input.PolicyName);
    return {
      ...{ UserName: input.UserName, PolicyName: policy.name },
      PolicyDocument: encodeDocument(policy.document),
    };
  };
}
