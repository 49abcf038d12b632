import { setBoundary } from "../../../../iam/principals/change-entities.ts";
import type { IamHandler } from "../../call.ts";
import { authorizeOnEntity, boundaryKey } from "../authorize.ts";
import { changeAccount } from "../change-account.ts";
import type { IamPorts } from "../ports.ts";

export function putRolePermissionsBoundary(
  ports: Pick<IamPorts, "aws" | "identity">,
): IamHandler<"PutRolePermissionsBoundary"> {
  return async (call, input) => {
    const { PermissionsBoundary: boundary } = input;
    await authorizeOnEntity(call, ports, "role", input.RoleName, boundaryKey(boundary));
    await changeAccount(ports, call, (change) =>
      setBoundary(change, ports.aws, "role", input.RoleName, boundary),
    );
  };
}
