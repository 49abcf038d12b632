import { createMfaDevice } from "../../../../iam/mfa/devices.ts";
import { otpauthUri } from "../../../../iam/mfa/totp.ts";
import { mfaDeviceArn } from "../../../../iam/principals/arns.ts";
import type { IamHandler } from "../../call.ts";
import { authorizeNew } from "../authorize.ts";
import { changeAccount } from "../change-account.ts";
import type { IamPorts } from "../ports.ts";
import { presentTags } from "../present.ts";
import { qrCodePng } from "../qr-code.ts";

/** A device belongs to nobody yet: its QR code names the account. */
export function createVirtualMFADevice(
  ports: Pick<IamPorts, "identity" | "masterKey">,
): IamHandler<"CreateVirtualMFADevice"> {
  return async (call, input) => {
    const { VirtualMFADeviceName: name, Path: path = "/", Tags: tags } = input;
    const { account } = call;
    await authorizeNew(call, mfaDeviceArn(account, path, name), "iam:TagMFADevice", tags);
    const wanted = { account, name, path, tags };
    const device = await changeAccount(ports, call, (change) =>
      createMfaDevice(change, ports.masterKey, wanted, call.clock.now()),
    );
    return {
      VirtualMFADevice: {
        SerialNumber: device.serialNumber,
        Base32StringSeed: Buffer.from(device.seed),
        QRCodePNG: await qrCodePng(otpauthUri(device.seed, name, account)),
        ...presentTags(device.tags),
      },
    };
  };
}
