import { changeRole } from "../../../../iam/principals/change-entities.ts";
import type { IamHandler } from "../../call.ts";
import { authorizeOnEntity } from "../authorize.ts";
import { changeAccount } from "../change-account.ts";
import type { IamPorts } from "../ports.ts";

export function updateRole(ports: Pick<IamPorts, "identity">): IamHandler<"UpdateRole"> {
  return async (call, input) => {
    const { RoleName: name, Description: description, MaxSessionDuration: maxSessionDuration } = input;
    await authorizeOnEntity(call, ports, "role", name);
    const wanted = {
      ...(description === undefined ? {} : { description }),
      ...(maxSessionDuration === undefined ? {} : { maxSessionDuration }),
    };
    await changeAccount(ports, call, (change) => changeRole(change, name, wanted));
    return {};
  };
}
