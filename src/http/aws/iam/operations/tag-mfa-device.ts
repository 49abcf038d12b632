import { tagMfaDevice } from "../../../../iam/mfa/devices.ts";
import type { IamHandler } from "../../call.ts";
import { authorizeOn, requestTags } from "../authorize.ts";
import { changeAccount } from "../change-account.ts";
import type { IamPorts } from "../ports.ts";

export function tagMFADevice(ports: Pick<IamPorts, "identity">): IamHandler<"TagMFADevice"> {
  return async (call, input) => {
    await authorizeOn(call, input.SerialNumber, requestTags(input.Tags));
    await changeAccount(ports, call, (change) => tagMfaDevice(change, input.SerialNumber, input.Tags));
  };
}
