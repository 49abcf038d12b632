import { setBoundary } from "../../../../iam/principals/change-entities.ts";
import type { IamHandler } from "../../call.ts";
import { authorizeOnEntity } from "../authorize.ts";
import { changeAccount } from "../change-account.ts";
import type { IamPorts } from "../ports.ts";

export function deleteUserPermissionsBoundary(
  ports: Pick<IamPorts, "aws" | "identity">,
): IamHandler<"DeleteUserPermissionsBoundary"> {
  return async (call, input) => {
    await authorizeOnEntity(call, ports, "user", input.UserName);
    await changeAccount(ports, call, (change) =>
      setBoundary(change, ports.aws, "user", input.UserName, undefined),
    );
  };
}
