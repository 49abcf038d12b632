import {
  parseAccountSettingName,
  parseAccountSettingValue,
  putAccountSetting as put,
} from "../../../../registry/repositories/account-settings.ts";
import type { EcrHandler } from "../../call.ts";
import type { EcrPorts } from "../ports.ts";
import { accountSettingKeys, registryOf } from "../registry.ts";

/** Of the caller's own registry. */
export function putAccountSetting(
  ports: Pick<EcrPorts, "scopes" | "accountSettings" | "clock">,
): EcrHandler<"PutAccountSetting"> {
  return async (call, input) => {
    const name = parseAccountSettingName(input.name);
    const value = parseAccountSettingValue(name, input.value);
    await call.authorize("*", accountSettingKeys(name));
    await put(ports, await ports.scopes.open(registryOf(call, {})), { name, value }, call.cause());
    return { name, value };
  };
}
