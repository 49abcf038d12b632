import type { IamHandler } from "../../call.ts";
import { authorizeOn, listArn } from "../authorize.ts";
import { Paging } from "../paging.ts";
import type { IamPorts } from "../ports.ts";
import { presentListedInstanceProfile } from "../present.ts";

export function listInstanceProfiles(
  ports: Pick<IamPorts, "identity" | "tokens">,
): IamHandler<"ListInstanceProfiles"> {
  return async (call, input) => {
    await authorizeOn(call, listArn(call, "instance-profile", input.PathPrefix));
    const { PathPrefix: pathPrefix = "/" } = input;
    const paging = new Paging(ports.tokens, call, input, [pathPrefix]);
    const page = await ports.identity.reader(call.account).listInstanceProfiles(pathPrefix, paging);
    return { InstanceProfiles: page.items.map(presentListedInstanceProfile), ...paging.marker(page) };
  };
}
