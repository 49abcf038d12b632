import { iamArn } from "../../../../iam/principals/arns.ts";
import { renameEntity } from "../../../../iam/principals/change-entities.ts";
import type { IamHandler } from "../../call.ts";
import { authorizeOn, authorizeOnEntity } from "../authorize.ts";
import { changeAccount } from "../change-account.ts";
import type { IamPorts } from "../ports.ts";

export function updateGroup(ports: Pick<IamPorts, "identity">): IamHandler<"UpdateGroup"> {
  return async (call, input) => {
    const { NewGroupName: name, NewPath: path } = input;
    await authorizeOnEntity(call, ports, "group", input.GroupName);
    // Whoever renames needs the permission on both ends.
    const { account } = call;
    if (name !== undefined || path !== undefined) {
      await authorizeOn(
        call,
        iamArn({ account, kind: "group", path: path ?? "/", name: name ?? input.GroupName }),
      );
    }
    await changeAccount(ports, call, (change) =>
      renameEntity(change, "group", input.GroupName, { name, path }),
    );
  };
}
