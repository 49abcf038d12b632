import { deleteAlias } from "../../../../iam/principals/aliases.ts";
import type { IamHandler } from "../../call.ts";
import { authorizeOn } from "../authorize.ts";
import { changeAccount } from "../change-account.ts";
import type { IamPorts } from "../ports.ts";

export function deleteAccountAlias(ports: Pick<IamPorts, "identity">): IamHandler<"DeleteAccountAlias"> {
  return async (call, input) => {
    await authorizeOn(call, "*");
    await changeAccount(ports, call, (change) => deleteAlias(change, input.AccountAlias));
  };
}
