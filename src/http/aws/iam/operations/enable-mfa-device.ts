import { enableMfaDevice } from "../../../../iam/mfa/devices.ts";
import type { IamHandler } from "../../call.ts";
import { authorizeOnUser } from "../authorize.ts";
import { mfaUserName } from "../caller.ts";
import { changeAccount } from "../change-account.ts";
import type { IamPorts } from "../ports.ts";

export function enableMFADevice(
  ports: Pick<IamPorts, "identity" | "masterKey">,
): IamHandler<"EnableMFADevice"> {
  return async (call, input) => {
    const { SerialNumber: serialNumber, AuthenticationCode1: first, AuthenticationCode2: second } = input;
    const name = mfaUserName(call, input.UserName);
    await authorizeOnUser(call, ports, name);
    const pair = { serialNumber, codes: [first, second] } as const;
    await changeAccount(ports, call, (change) =>
      enableMfaDevice(change, ports.masterKey, name, pair, call.clock.now()),
    );
  };
}
