import { contextKeysOf } from "../../../../iam/principals/simulation/context-keys.ts";
import type { IamHandler } from "../../call.ts";
import { authorizeOn } from "../authorize.ts";
import { documentsOf, findPolicySource } from "../policy-source.ts";
import type { IamPorts } from "../ports.ts";
import { readPolicies } from "../simulation-input.ts";

export function getContextKeysForPrincipalPolicy(
  ports: Pick<IamPorts, "identity" | "policies">,
): IamHandler<"GetContextKeysForPrincipalPolicy"> {
  return async (call, input) => {
    await authorizeOn(call, input.PolicySourceArn);
    const source = await findPolicySource(ports, call, input.PolicySourceArn);
    const given = readPolicies("PolicyInputList", "identity", input.PolicyInputList);
    const policies = [...documentsOf(source), ...given.map(({ policy }) => policy)];
    return { ContextKeyNames: contextKeysOf(policies.map(({ document }) => document)) };
  };
}
