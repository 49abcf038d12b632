import { noSuchKey } from "../../../../iam/principals/access-keys.ts";
import type { IamHandler } from "../../call.ts";
import { authorizeOn, listArn } from "../authorize.ts";
import type { IamPorts } from "../ports.ts";
import { ROOT_NAME } from "../present.ts";

export function getAccessKeyLastUsed(ports: Pick<IamPorts, "identity">): IamHandler<"GetAccessKeyLastUsed"> {
  return async (call, input) => {
    // On all users: whose key it is must not show before.
    await authorizeOn(call, listArn(call, "user", "/*"));
    const key = await ports.identity.reader(call.account).findAccessKey(input.AccessKeyId);
    if (key === undefined) throw noSuchKey(input.AccessKeyId);
    const { lastUsed, userName = ROOT_NAME } = key;
    return {
      UserName: userName,
      AccessKeyLastUsed:
        lastUsed === undefined
          ? { ServiceName: "N/A", Region: "N/A" }
          : { LastUsedDate: lastUsed.at, ServiceName: lastUsed.service, Region: lastUsed.region },
    };
  };
}
