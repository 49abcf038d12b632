import { untagEntity } from "../../../../iam/principals/change-entities.ts";
import type { IamHandler } from "../../call.ts";
import { authorizeOnEntity } from "../authorize.ts";
import { changeAccount } from "../change-account.ts";
import type { IamPorts } from "../ports.ts";

export function untagUser(ports: Pick<IamPorts, "identity">): IamHandler<"UntagUser"> {
  return async (call, input) => {
    await authorizeOnEntity(call, ports, "user", input.UserName, { "aws:TagKeys": input.TagKeys });
    await changeAccount(ports, call, (change) => untagEntity(change, "user", input.UserName, input.TagKeys));
  };
}
