import { setBoundary } from "../../../../iam/principals/change-entities.ts";
import type { IamHandler } from "../../call.ts";
import { authorizeOnEntity } from "../authorize.ts";
import { changeAccount } from "../change-account.ts";
import type { IamPorts } from "../ports.ts";

export function deleteRolePermissionsBoundary(
  ports: Pick<IamPorts, "aws" | "identity">,
): IamHandler<"DeleteRolePermissionsBoundary"> {
  return async (call, input) => {
    await authorizeOnEntity(call, ports, "role", input.RoleName);
    await changeAccount(ports, call, (change) =>
      setBoundary(change, ports.aws, "role", input.RoleName, undefined),
    );
  };
}
