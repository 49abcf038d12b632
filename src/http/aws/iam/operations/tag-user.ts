import { tagEntity } from "../../../../iam/principals/change-entities.ts";
import type { IamHandler } from "../../call.ts";
import { authorizeOnEntity, requestTags } from "../authorize.ts";
import type { IamPorts } from "../ports.ts";

export function tagUser(ports: Pick<IamPorts, "identity">): IamHandler<"TagUser"> {
  return async (call, input) => {
    await authorizeOnEntity(call, ports, "user", input.UserName, requestTags(input.Tags));
    await ports.identity.change(call.account, (change) =>
      tagEntity(change, "user", input.UserName, input.Tags),
    );
  };
}
