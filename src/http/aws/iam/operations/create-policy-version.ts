import { createPolicyVersion as createPolicyVersionInDomain } from "../../../../iam/principals/managed-policies.ts";
import type { IamHandler } from "../../call.ts";
import { authorizeOn } from "../authorize.ts";
import { changeAccount } from "../change-account.ts";
import type { IamPorts } from "../ports.ts";
import { presentListedVersion } from "../present.ts";

export function createPolicyVersion(ports: Pick<IamPorts, "identity">): IamHandler<"CreatePolicyVersion"> {
  return async (call, input) => {
    await authorizeOn(call, input.PolicyArn);
    const wanted = { document: input.PolicyDocument, isDefault: input.SetAsDefault ?? false };
    const version = await changeAccount(ports, call, (change) =>
      createPolicyVersionInDomain(change, call.account, input.PolicyArn, wanted, call.clock.now()),
    );
    return { PolicyVersion: presentListedVersion(version) };
  };
}
