import { deleteMfaDevice } from "../../../../iam/mfa/devices.ts";
import type { IamHandler } from "../../call.ts";
import { authorizeOn } from "../authorize.ts";
import { changeAccount } from "../change-account.ts";
import type { IamPorts } from "../ports.ts";

export function deleteVirtualMFADevice(
  ports: Pick<IamPorts, "identity">,
): IamHandler<"DeleteVirtualMFADevice"> {
  return async (call, input) => {
    await authorizeOn(call, input.SerialNumber);
    await changeAccount(ports, call, (change) => deleteMfaDevice(change, input.SerialNumber));
  };
}
