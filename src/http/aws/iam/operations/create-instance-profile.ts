import { instanceProfileArn } from "../../../../iam/principals/arns.ts";
import { createInstanceProfile as createInDomain } from "../../../../iam/principals/instance-profiles.ts";
import type { IamHandler } from "../../call.ts";
import { authorizeNew } from "../authorize.ts";
import { changeAccount } from "../change-account.ts";
import type { IamPorts } from "../ports.ts";
import { presentInstanceProfile } from "../present.ts";

export function createInstanceProfile(
  ports: Pick<IamPorts, "identity">,
): IamHandler<"CreateInstanceProfile"> {
  return async (call, input) => {
    const { InstanceProfileName: name, Path: path = "/", Tags: tags } = input;
    const arn = instanceProfileArn({ account: call.account, path, name });
    await authorizeNew(call, arn, "iam:TagInstanceProfile", tags);
    const profile = await changeAccount(ports, call, (change) =>
      createInDomain(change, { name, path, tags }, call.clock.now()),
    );
    return { InstanceProfile: presentInstanceProfile(profile) };
  };
}
