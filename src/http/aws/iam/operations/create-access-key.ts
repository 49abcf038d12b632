import { createAccessKey as createAccessKeyInDomain } from "../../../../iam/principals/access-keys.ts";
import type { IamHandler } from "../../call.ts";
import { authorizeOnUser } from "../authorize.ts";
import { ownUserName } from "../caller.ts";
import { changeAccount } from "../change-account.ts";
import type { IamPorts } from "../ports.ts";
import { ROOT_NAME } from "../present.ts";

export function createAccessKey(
  ports: Pick<IamPorts, "identity" | "masterKey">,
): IamHandler<"CreateAccessKey"> {
  return async (call, input) => {
    const name = ownUserName(call, input.UserName);
    await authorizeOnUser(call, ports, name);
    const at = call.clock.now();
    const key = await changeAccount(ports, call, (change) =>
      createAccessKeyInDomain(change, ports.masterKey, name, at),
    );
    return {
      AccessKey: {
        ...{ UserName: name ?? ROOT_NAME, AccessKeyId: key.accessKeyId, Status: "Active", CreateDate: at },
        SecretAccessKey: key.secretAccessKey,
      },
    };
  };
}
