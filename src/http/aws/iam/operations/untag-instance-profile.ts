import { untagInstanceProfile as untagInDomain } from "../../../../iam/principals/instance-profiles.ts";
import type { IamHandler } from "../../call.ts";
import { authorizeOnInstanceProfile } from "../authorize.ts";
import { changeAccount } from "../change-account.ts";
import type { IamPorts } from "../ports.ts";

export function untagInstanceProfile(ports: Pick<IamPorts, "identity">): IamHandler<"UntagInstanceProfile"> {
  return async (call, input) => {
    await authorizeOnInstanceProfile(call, ports, input.InstanceProfileName, {
      "aws:TagKeys": input.TagKeys,
    });
    await changeAccount(ports, call, (change) =>
      untagInDomain(change, input.InstanceProfileName, input.TagKeys),
    );
  };
}
