import { removeRoleFromInstanceProfile as removeInDomain } from "../../../../iam/principals/instance-profiles.ts";
import type { IamHandler } from "../../call.ts";
import { authorizeOnInstanceProfile } from "../authorize.ts";
import { changeAccount } from "../change-account.ts";
import type { IamPorts } from "../ports.ts";

export function removeRoleFromInstanceProfile(
  ports: Pick<IamPorts, "identity">,
): IamHandler<"RemoveRoleFromInstanceProfile"> {
  return async (call, input) => {
    const { InstanceProfileName: name, RoleName: role } = input;
    await authorizeOnInstanceProfile(call, ports, name);
    await changeAccount(ports, call, (change) => removeInDomain(change, name, role));
  };
}
