import { deleteAccessKey as deleteAccessKeyInDomain } from "../../../../iam/principals/access-keys.ts";
import type { IamHandler } from "../../call.ts";
import { authorizeOnUser } from "../authorize.ts";
import { ownUserName } from "../caller.ts";
import { changeAccount } from "../change-account.ts";
import type { IamPorts } from "../ports.ts";

export function deleteAccessKey(ports: Pick<IamPorts, "identity">): IamHandler<"DeleteAccessKey"> {
  return async (call, input) => {
    const name = ownUserName(call, input.UserName);
    await authorizeOnUser(call, ports, name);
    await changeAccount(ports, call, (change) => deleteAccessKeyInDomain(change, name, input.AccessKeyId));
  };
}
