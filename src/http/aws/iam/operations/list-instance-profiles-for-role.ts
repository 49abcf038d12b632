import { requireEntity } from "../../../../iam/principals/find-entity.ts";
import type { IamHandler } from "../../call.ts";
import { authorizeOnEntity } from "../authorize.ts";
import { Paging } from "../paging.ts";
import type { IamPorts } from "../ports.ts";
import { presentListedInstanceProfile } from "../present.ts";

export function listInstanceProfilesForRole(
  ports: Pick<IamPorts, "identity" | "tokens">,
): IamHandler<"ListInstanceProfilesForRole"> {
  return async (call, input) => {
    await authorizeOnEntity(call, ports, "role", input.RoleName);
    const paging = new Paging(ports.tokens, call, input, [input.RoleName]);
    const reader = ports.identity.reader(call.account);
    const { id } = await requireEntity(reader, "role", input.RoleName);
    const page = await reader.listInstanceProfilesOf(id, paging);
    return { InstanceProfiles: page.items.map(presentListedInstanceProfile), ...paging.marker(page) };
  };
}
