import { tagInstanceProfile as tagInDomain } from "../../../../iam/principals/instance-profiles.ts";
import type { IamHandler } from "../../call.ts";
import { authorizeOnInstanceProfile, requestTags } from "../authorize.ts";
import { changeAccount } from "../change-account.ts";
import type { IamPorts } from "../ports.ts";

export function tagInstanceProfile(ports: Pick<IamPorts, "identity">): IamHandler<"TagInstanceProfile"> {
  return async (call, input) => {
    await authorizeOnInstanceProfile(call, ports, input.InstanceProfileName, requestTags(input.Tags));
    await changeAccount(ports, call, (change) => tagInDomain(change, input.InstanceProfileName, input.Tags));
  };
}
