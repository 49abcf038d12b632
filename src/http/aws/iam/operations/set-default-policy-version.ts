import { setDefaultVersion } from "../../../../iam/principals/managed-policies.ts";
import type { IamHandler } from "../../call.ts";
import { authorizeOn } from "../authorize.ts";
import { changeAccount } from "../change-account.ts";
import type { IamPorts } from "../ports.ts";

export function setDefaultPolicyVersion(
  ports: Pick<IamPorts, "identity">,
): IamHandler<"SetDefaultPolicyVersion"> {
  return async (call, input) => {
    await authorizeOn(call, input.PolicyArn);
    await changeAccount(ports, call, (change) =>
      setDefaultVersion(change, call.account, input.PolicyArn, input.VersionId, call.clock.now()),
    );
  };
}
