import { addRoleToInstanceProfile as addInDomain } from "../../../../iam/principals/instance-profiles.ts";
import type { IamHandler } from "../../call.ts";
import { authorizeOnInstanceProfile, authorizePassing } from "../authorize.ts";
import { changeAccount } from "../change-account.ts";
import type { IamPorts } from "../ports.ts";

/** Instances would act as the role: its caller must be allowed to pass it to them. */
export function addRoleToInstanceProfile(
  ports: Pick<IamPorts, "identity">,
): IamHandler<"AddRoleToInstanceProfile"> {
  return async (call, input) => {
    const { InstanceProfileName: name, RoleName: role } = input;
    await authorizeOnInstanceProfile(call, ports, name);
    await authorizePassing(call, ports, role, "ec2.amazonaws.com");
    await changeAccount(ports, call, (change) => addInDomain(change, name, role));
  };
}
