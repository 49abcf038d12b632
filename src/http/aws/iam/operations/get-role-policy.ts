import { requireOwnPolicy } from "../../../../iam/principals/inline-policies.ts";
import type { IamHandler } from "../../call.ts";
import { authorizeOnEntity } from "../authorize.ts";
import type { IamPorts } from "../ports.ts";
import { encodeDocument } from "../present.ts";

export function getRolePolicy(ports: Pick<IamPorts, "identity">): IamHandler<"GetRolePolicy"> {
  return async (call, input) => {
    await authorizeOnEntity(call, ports, "role", input.RoleName);
    const reader = ports.identity.reader(call.account);
    const policy = await requireOwnPolicy(reader, "role", input.RoleName, input.PolicyName);
    return {
      ...{ RoleName: input.RoleName, PolicyName: policy.name },
      PolicyDocument: encodeDocument(policy.document),
    };
  };
}
