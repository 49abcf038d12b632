import { deletePolicyVersion as deletePolicyVersionInDomain } from "../../../../iam/principals/managed-policies.ts";
import type { IamHandler } from "../../call.ts";
import { authorizeOn } from "../authorize.ts";
import type { IamPorts } from "../ports.ts";

export function deletePolicyVersion(ports: Pick<IamPorts, "identity">): IamHandler<"DeletePolicyVersion"> {
  return async (call, input) => {
    await authorizeOn(call, input.PolicyArn);
    await ports.identity.change(call.account, (change) =>
      deletePolicyVersionInDomain(change, call.account, input.PolicyArn, input.VersionId),
    );
  };
}
