import { requireMfaDeviceOf } from "../../../../iam/mfa/devices.ts";
import type { IamHandler } from "../../call.ts";
import { authorizeOnUser } from "../authorize.ts";
import { mfaUserName } from "../caller.ts";
import type { IamPorts } from "../ports.ts";
import { presentMfaDevice } from "../present.ts";

export function getMFADevice(ports: Pick<IamPorts, "identity">): IamHandler<"GetMFADevice"> {
  return async (call, input) => {
    const name = mfaUserName(call, input.UserName);
    await authorizeOnUser(call, ports, name);
    const reader = ports.identity.reader(call.account);
    return presentMfaDevice(await requireMfaDeviceOf(reader, name, input.SerialNumber));
  };
}
