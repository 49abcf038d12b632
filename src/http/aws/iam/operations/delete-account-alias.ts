import { deleteAlias } from "../../../../iam/principals/aliases.ts";
import type { IamHandler } from "../../call.ts";
import { authorizeOn } from "../authorize.ts";
import type { IamPorts } from "../ports.ts";

export function deleteAccountAlias(ports: Pick<IamPorts, "identity">): IamHandler<"DeleteAccountAlias"> {
  return async (call, input) => {
    await authorizeOn(call, "*");
    await ports.identity.change(call.account, (change) => deleteAlias(change, input.AccountAlias));
  };
}
