import {
  getAccountSetting as get,
  parseAccountSettingName,
} from "../../../../registry/repositories/account-settings.ts";
import type { EcrHandler } from "../../call.ts";
import type { EcrPorts } from "../ports.ts";
import { accountSettingKeys, registryOf } from "../registry.ts";

/** A setting that was never put has its default. */
export function getAccountSetting(
  ports: Pick<EcrPorts, "scopes" | "accountSettings">,
): EcrHandler<"GetAccountSetting"> {
  return async (call, input) => {
    const name = parseAccountSettingName(input.name);
    await call.authorize("*", accountSettingKeys(name));
    return { name, value: await get(ports, await ports.scopes.open(registryOf(call, {})), name) };
  };
}
