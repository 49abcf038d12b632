import { untagEntity } from "../../../../iam/principals/change-entities.ts";
import type { IamHandler } from "../../call.ts";
import { authorizeOnEntity } from "../authorize.ts";
import { changeAccount } from "../change-account.ts";
import type { IamPorts } from "../ports.ts";

export function untagRole(ports: Pick<IamPorts, "identity">): IamHandler<"UntagRole"> {
  return async (call, input) => {
    await authorizeOnEntity(call, ports, "role", input.RoleName, { "aws:TagKeys": input.TagKeys });
    await changeAccount(ports, call, (change) => untagEntity(change, "role", input.RoleName, input.TagKeys));
  };
}
