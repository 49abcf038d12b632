import { deactivateMfaDevice } from "../../../../iam/mfa/devices.ts";
import type { IamHandler } from "../../call.ts";
import { authorizeOnUser } from "../authorize.ts";
import { mfaUserName } from "../caller.ts";
import { changeAccount } from "../change-account.ts";
import type { IamPorts } from "../ports.ts";

export function deactivateMFADevice(ports: Pick<IamPorts, "identity">): IamHandler<"DeactivateMFADevice"> {
  return async (call, input) => {
    const name = mfaUserName(call, input.UserName);
    await authorizeOnUser(call, ports, name);
    await changeAccount(ports, call, (change) =>
      deactivateMfaDevice(change, name, input.SerialNumber, call.clock.now()),
    );
  };
}
