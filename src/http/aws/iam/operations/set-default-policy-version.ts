import { setDefaultVersion } from "../../../../iam/principals/managed-policies.ts";
import type { IamHandler } from "../../call.ts";
import { authorizeOn } from "../authorize.ts";
import type { IamPorts } from "../ports.ts";

export function setDefaultPolicyVersion(
  ports: Pick<IamPorts, "identity">,
): IamHandler<"SetDefaultPolicyVersion"> {
  return async (call, input) => {
    await authorizeOn(call, input.PolicyArn);
    await ports.identity.change(call.account, (change) =>
      setDefaultVersion(change, call.account, input.PolicyArn, input.VersionId, call.clock.now()),
    );
  };
}
