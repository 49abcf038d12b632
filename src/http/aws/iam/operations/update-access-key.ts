import { setAccessKeyActive } from "../../../../iam/principals/access-keys.ts";
import { AwsError } from "../../aws-error.ts";
import type { IamHandler } from "../../call.ts";
import { authorizeOnUser } from "../authorize.ts";
import { ownUserName } from "../caller.ts";
import { changeAccount } from "../change-account.ts";
import type { IamPorts } from "../ports.ts";

export function updateAccessKey(ports: Pick<IamPorts, "identity">): IamHandler<"UpdateAccessKey"> {
  return async (call, input) => {
    const name = ownUserName(call, input.UserName);
    await authorizeOnUser(call, ports, name);
    if (input.Status === "Expired") {
      throw new AwsError(
        "InvalidInputException",
        "Status Expired cannot be set: it must be Active or Inactive",
      );
    }
    await changeAccount(ports, call, (change) =>
      setAccessKeyActive(change, name, input.AccessKeyId, input.Status === "Active"),
    );
  };
}
