import { requireInstanceProfile } from "../../../../iam/principals/instance-profiles.ts";
import type { IamHandler } from "../../call.ts";
import { authorizeOnInstanceProfile } from "../authorize.ts";
import type { IamPorts } from "../ports.ts";
import { presentInstanceProfile } from "../present.ts";

export function getInstanceProfile(ports: Pick<IamPorts, "identity">): IamHandler<"GetInstanceProfile"> {
  return async (call, input) => {
    const { InstanceProfileName: name } = input;
    await authorizeOnInstanceProfile(call, ports, name);
    const profile = await requireInstanceProfile(ports.identity.reader(call.account), name);
    return { InstanceProfile: presentInstanceProfile(profile) };
  };
}
