import { requireInstanceProfile } from "../../../../iam/principals/instance-profiles.ts";
import { tagList } from "../../../../iam/principals/tags.ts";
import type { IamHandler } from "../../call.ts";
import { authorizeOnInstanceProfile } from "../authorize.ts";
import { Paging } from "../paging.ts";
import type { IamPorts } from "../ports.ts";

export function listInstanceProfileTags(
  ports: Pick<IamPorts, "identity" | "tokens">,
): IamHandler<"ListInstanceProfileTags"> {
  return async (call, input) => {
    await authorizeOnInstanceProfile(call, ports, input.InstanceProfileName);
    const paging = new Paging(ports.tokens, call, input, [input.InstanceProfileName]);
    const { tags } = await requireInstanceProfile(
      ports.identity.reader(call.account),
      input.InstanceProfileName,
    );
    const page = paging.cut(tagList(tags), (tag) => tag.Key);
    return { Tags: page.items, ...paging.marker(page) };
  };
}
