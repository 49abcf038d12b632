import { contextKeysOf } from "../../../../iam/principals/simulation/context-keys.ts";
import type { IamHandler } from "../../call.ts";
import { authorizeOn } from "../authorize.ts";
import type { IamPorts } from "../ports.ts";
import { readPolicies } from "../simulation-input.ts";

export function getContextKeysForCustomPolicy(_: IamPorts): IamHandler<"GetContextKeysForCustomPolicy"> {
  return async (call, input) => {
    await authorizeOn(call, "*");
    const policies = readPolicies("PolicyInputList", "identity", input.PolicyInputList);
    return { ContextKeyNames: contextKeysOf(policies.map(({ policy }) => policy.document)) };
  };
}
