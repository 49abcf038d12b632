import { deleteInstanceProfile as deleteInDomain } from "../../../../iam/principals/instance-profiles.ts";
import type { IamHandler } from "../../call.ts";
import { authorizeOnInstanceProfile } from "../authorize.ts";
import { changeAccount } from "../change-account.ts";
import type { IamPorts } from "../ports.ts";

export function deleteInstanceProfile(
  ports: Pick<IamPorts, "identity">,
): IamHandler<"DeleteInstanceProfile"> {
  return async (call, input) => {
    const { InstanceProfileName: name } = input;
    await authorizeOnInstanceProfile(call, ports, name);
    await changeAccount(ports, call, (change) => deleteInDomain(change, name));
  };
}
