import { keyOwner } from "../../../../iam/principals/access-keys.ts";
import type { IamHandler } from "../../call.ts";
import { authorizeOnUser } from "../authorize.ts";
import { mfaUserName } from "../caller.ts";
import { Paging } from "../paging.ts";
import type { IamPorts } from "../ports.ts";
import { presentMfaDevice } from "../present.ts";

export function listMFADevices(ports: Pick<IamPorts, "identity" | "tokens">): IamHandler<"ListMFADevices"> {
  return async (call, input) => {
    const name = mfaUserName(call, input.UserName);
    await authorizeOnUser(call, ports, name);
    const paging = new Paging(ports.tokens, call, input, [name]);
    const reader = ports.identity.reader(call.account);
    const devices = await reader.listMfaDevicesOf(await keyOwner(reader, name));
    const page = paging.cut(devices, ({ serialNumber }) => serialNumber);
    return { MFADevices: page.items.map(presentMfaDevice), ...paging.marker(page) };
  };
}
