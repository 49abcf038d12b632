import { deletePolicy as deletePolicyInDomain } from "../../../../iam/principals/managed-policies.ts";
import type { IamHandler } from "../../call.ts";
import { authorizeOn } from "../authorize.ts";
import { changeAccount } from "../change-account.ts";
import type { IamPorts } from "../ports.ts";

export function deletePolicy(ports: Pick<IamPorts, "identity">): IamHandler<"DeletePolicy"> {
  return async (call, input) => {
    await authorizeOn(call, input.PolicyArn);
    await changeAccount(ports, call, (change) => deletePolicyInDomain(change, call.account, input.PolicyArn));
  };
}
