import { iamArn } from "../../../../iam/principals/arns.ts";
import { renameEntity } from "../../../../iam/principals/change-entities.ts";
import type { IamHandler } from "../../call.ts";
import { authorizeOn, authorizeOnEntity } from "../authorize.ts";
import { changeAccount } from "../change-account.ts";
import type { IamPorts } from "../ports.ts";

export function updateUser(ports: Pick<IamPorts, "identity">): IamHandler<"UpdateUser"> {
  return async (call, input) => {
    const { NewUserName: name, NewPath: path } = input;
    await authorizeOnEntity(call, ports, "user", input.UserName);
    // Whoever renames needs the permission on both ends.
    const { account } = call;
    if (name !== undefined || path !== undefined) {
      await authorizeOn(
        call,
        iamArn({ account, kind: "user", path: path ?? "/", name: name ?? input.UserName }),
      );
    }
    await changeAccount(ports, call, (change) =>
      renameEntity(change, "user", input.UserName, { name, path }),
    );
  };
}
