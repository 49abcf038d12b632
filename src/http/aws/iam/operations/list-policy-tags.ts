import { requirePolicyArn } from "../../../../iam/principals/attachments.ts";
import { requirePolicy } from "../../../../iam/principals/aws-policies.ts";
import { tagList } from "../../../../iam/principals/tags.ts";
import type { IamHandler } from "../../call.ts";
import { authorizeOn } from "../authorize.ts";
import { Paging } from "../paging.ts";
import type { IamPorts } from "../ports.ts";

export function listPolicyTags(
  ports: Pick<IamPorts, "aws" | "identity" | "tokens">,
): IamHandler<"ListPolicyTags"> {
  return async (call, input) => {
    await authorizeOn(call, input.PolicyArn);
    requirePolicyArn(input.PolicyArn);
    const paging = new Paging(ports.tokens, call, input, [input.PolicyArn]);
    const { tags } = await requirePolicy(
      ports.identity.reader(call.account),
      ports.aws,
      call.account,
      input.PolicyArn,
    );
    const page = paging.cut(tagList(tags), (tag) => tag.Key);
    return { Tags: page.items, ...paging.marker(page) };
  };
}
