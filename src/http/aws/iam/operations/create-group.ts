import { iamArn } from "../../../../iam/principals/arns.ts";
import { createGroup as createGroupInDomain } from "../../../../iam/principals/create-entities.ts";
import type { IamHandler } from "../../call.ts";
import { authorizeOn } from "../authorize.ts";
import { changeAccount } from "../change-account.ts";
import type { IamPorts } from "../ports.ts";
import { presentGroup } from "../present.ts";

export function createGroup(ports: Pick<IamPorts, "identity">): IamHandler<"CreateGroup"> {
  return async (call, input) => {
    const { GroupName: name, Path: path } = input;
    await authorizeOn(call, iamArn({ account: call.account, kind: "group", path: path ?? "/", name }));
    const group = await changeAccount(ports, call, (change) =>
      createGroupInDomain(change, { name, path }, call.clock.now()),
    );
    return { Group: presentGroup(group) };
  };
}
