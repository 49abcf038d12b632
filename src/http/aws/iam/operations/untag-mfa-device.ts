import { untagMfaDevice } from "../../../../iam/mfa/devices.ts";
import type { IamHandler } from "../../call.ts";
import { authorizeOn } from "../authorize.ts";
import { changeAccount } from "../change-account.ts";
import type { IamPorts } from "../ports.ts";

export function untagMFADevice(ports: Pick<IamPorts, "identity">): IamHandler<"UntagMFADevice"> {
  return async (call, input) => {
    await authorizeOn(call, input.SerialNumber, { "aws:TagKeys": input.TagKeys });
    await changeAccount(ports, call, (change) => untagMfaDevice(change, input.SerialNumber, input.TagKeys));
  };
}
