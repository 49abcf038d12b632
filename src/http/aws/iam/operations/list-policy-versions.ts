import { requirePolicyArn } from "../../../../iam/principals/attachments.ts";
import { requirePolicy, versionsOf } from "../../../../iam/principals/aws-policies.ts";
import type { IamHandler } from "../../call.ts";
import { authorizeOn } from "../authorize.ts";
import { Paging } from "../paging.ts";
import type { IamPorts } from "../ports.ts";
import { presentListedVersion } from "../present.ts";

export function listPolicyVersions(
  ports: Pick<IamPorts, "aws" | "identity" | "tokens">,
): IamHandler<"ListPolicyVersions"> {
  return async (call, input) => {
    await authorizeOn(call, input.PolicyArn);
    requirePolicyArn(input.PolicyArn);
    const paging = new Paging(ports.tokens, call, input, [input.PolicyArn]);
    const reader = ports.identity.reader(call.account);
    const policy = await requirePolicy(reader, ports.aws, call.account, input.PolicyArn);
    // Newest first; keys count the other way, so that they grow along the list.
    const page = paging.cut(await versionsOf(reader, ports.aws, policy), ({ version }) =>
      String(1e9 - version).padStart(10, "0"),
    );
    return { Versions: page.items.map(presentListedVersion), ...paging.marker(page) };
  };
}
