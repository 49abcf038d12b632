import { iamArn } from "../../../../iam/principals/arns.ts";
import { createPolicy as createPolicyInDomain } from "../../../../iam/principals/managed-policies.ts";
import type { IamHandler } from "../../call.ts";
import { authorizeNew } from "../authorize.ts";
import { changeAccount } from "../change-account.ts";
import type { IamPorts } from "../ports.ts";
import { presentPolicy } from "../present.ts";

export function createPolicy(ports: Pick<IamPorts, "aws" | "identity">): IamHandler<"CreatePolicy"> {
  return async (call, input) => {
    const { PolicyName: name, Path: path, Tags: tags } = input;
    const { account } = call;
    await authorizeNew(
      call,
      iamArn({ account, kind: "policy", path: path ?? "/", name }),
      "iam:TagPolicy",
      tags,
    );
    const wanted = {
      account,
      name,
      path,
      tags,
      description: input.Description,
      document: input.PolicyDocument,
    };
    const policy = await changeAccount(ports, call, (change) =>
      createPolicyInDomain(change, ports.aws, wanted, call.clock.now()),
    );
    return { Policy: presentPolicy(policy) };
  };
}
