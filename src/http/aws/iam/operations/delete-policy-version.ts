import { deletePolicyVersion as deletePolicyVersionInDomain } from "../../../../iam/principals/managed-policies.ts";
import type { IamHandler } from "../../call.ts";
import { authorizeOn } from "../authorize.ts";
import { changeAccount } from "../change-account.ts";
import type { IamPorts } from "../ports.ts";

export function deletePolicyVersion(ports: Pick<IamPorts, "identity">): IamHandler<"DeletePolicyVersion"> {
  return async (call, input) => {
    await authorizeOn(call, input.PolicyArn);
    await changeAccount(ports, call, (change) =>
      deletePolicyVersionInDomain(change, call.account, input.PolicyArn, input.VersionId),
    );
  };
}
