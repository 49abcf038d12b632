import { tagPolicy as tagInDomain } from "../../../../iam/principals/managed-policies.ts";
import type { IamHandler } from "../../call.ts";
import { authorizeOn, requestTags } from "../authorize.ts";
import { changeAccount } from "../change-account.ts";
import type { IamPorts } from "../ports.ts";

export function tagPolicy(ports: Pick<IamPorts, "identity">): IamHandler<"TagPolicy"> {
  return async (call, input) => {
    await authorizeOn(call, input.PolicyArn, requestTags(input.Tags));
    await changeAccount(ports, call, (change) =>
      tagInDomain(change, call.account, input.PolicyArn, input.Tags),
    );
  };
}
