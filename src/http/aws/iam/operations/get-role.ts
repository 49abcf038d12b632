import { requireEntity } from "../../../../iam/principals/find-entity.ts";
import type { IamHandler } from "../../call.ts";
import { authorizeOnEntity } from "../authorize.ts";
import type { IamPorts } from "../ports.ts";
import { presentRole } from "../present.ts";

export function getRole(ports: Pick<IamPorts, "identity">): IamHandler<"GetRole"> {
  return async (call, input) => {
    await authorizeOnEntity(call, ports, "role", input.RoleName);
    return {
      Role: presentRole(await requireEntity(ports.identity.reader(call.account), "role", input.RoleName)),
    };
  };
}
