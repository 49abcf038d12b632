import { createAlias } from "../../../../iam/principals/aliases.ts";
import type { IamHandler } from "../../call.ts";
import { authorizeOn } from "../authorize.ts";
import { changeAccount } from "../change-account.ts";
import type { IamPorts } from "../ports.ts";

export function createAccountAlias(ports: Pick<IamPorts, "identity">): IamHandler<"CreateAccountAlias"> {
  return async (call, input) => {
    await authorizeOn(call, "*");
    await changeAccount(ports, call, (change) => createAlias(change, input.AccountAlias, call.clock.now()));
  };
}
