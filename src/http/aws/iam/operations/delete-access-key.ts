import { deleteAccessKey as deleteAccessKeyInDomain } from "../../../../iam/principals/access-keys.ts";
import type { IamHandler } from "../../call.ts";
import { authorizeOnUser } from "../authorize.ts";
import { ownUserName } from "../caller.ts";
import type { IamPorts } from "../ports.ts";

export function deleteAccessKey(ports: Pick<IamPorts, "identity">): IamHandler<"DeleteAccessKey"> {
  return async (call, input) => {
    const name = ownUserName(call, input.UserName);
    await authorizeOnUser(call, ports, name);
    await ports.identity.change(call.account, (change) =>
      deleteAccessKeyInDomain(change, name, input.AccessKeyId),
    );
  };
}
