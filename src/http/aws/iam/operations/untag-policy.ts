import { untagPolicy as untagInDomain } from "../../../../iam/principals/managed-policies.ts";
import type { IamHandler } from "../../call.ts";
import { authorizeOn } from "../authorize.ts";
import { changeAccount } from "../change-account.ts";
import type { IamPorts } from "../ports.ts";

export function untagPolicy(ports: Pick<IamPorts, "identity">): IamHandler<"UntagPolicy"> {
  return async (call, input) => {
    await authorizeOn(call, input.PolicyArn, { "aws:TagKeys": input.TagKeys });
    await changeAccount(ports, call, (change) =>
      untagInDomain(change, call.account, input.PolicyArn, input.TagKeys),
    );
  };
}
