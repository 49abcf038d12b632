import { requireMfaDevice } from "../../../../iam/mfa/devices.ts";
import { tagList } from "../../../../iam/principals/tags.ts";
import type { IamHandler } from "../../call.ts";
import { authorizeOn } from "../authorize.ts";
import { Paging } from "../paging.ts";
import type { IamPorts } from "../ports.ts";

export function listMFADeviceTags(
  ports: Pick<IamPorts, "identity" | "tokens">,
): IamHandler<"ListMFADeviceTags"> {
  return async (call, input) => {
    await authorizeOn(call, input.SerialNumber);
    const paging = new Paging(ports.tokens, call, input, [input.SerialNumber]);
    const { tags } = await requireMfaDevice(ports.identity.reader(call.account), input.SerialNumber);
    const page = paging.cut(tagList(tags), (tag) => tag.Key);
    return { Tags: page.items, ...paging.marker(page) };
  };
}
