import type { IamHandler } from "../../call.ts";
import { authorizeOn } from "../authorize.ts";
import { Paging } from "../paging.ts";
import type { IamPorts } from "../ports.ts";
import { presentListedMfaDevice } from "../present.ts";

export function listVirtualMFADevices(
  ports: Pick<IamPorts, "identity" | "tokens">,
): IamHandler<"ListVirtualMFADevices"> {
  return async (call, input) => {
    await authorizeOn(call, "*");
    const { AssignmentStatus: assignment = "Any" } = input;
    const paging = new Paging(ports.tokens, call, input, [assignment]);
    const page = await ports.identity.reader(call.account).listMfaDevices(assignment, paging);
    return {
      VirtualMFADevices: page.items.map((device) => presentListedMfaDevice(call.account, device)),
      ...paging.marker(page),
    };
  };
}
