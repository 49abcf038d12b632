import type { Cause } from "../../audit/cause.ts";
import type { Clock } from "../clock.ts";
import { RegistryError } from "../errors.ts";
import type { AccountSettingStore, AccountSettings } from "../ports/index.ts";
import type { Scope } from "../scope.ts";

/** ECR's account settings, each with the values that it may have, its default first. They hold for one registry. */
export const ACCOUNT_SETTINGS: {
  readonly [Name in keyof AccountSettings]: readonly [AccountSettings[Name], ...AccountSettings[Name][]];
} = {
  BASIC_SCAN_TYPE_VERSION: ["AWS_NATIVE", "CLAIR"],
  BLOB_MOUNTING: ["ENABLED", "DISABLED"],
  REGISTRY_POLICY_SCOPE: ["V2", "V1"],
};

export type AccountSettingName = keyof AccountSettings;

/** What account settings are kept with. */
export interface AccountSettingPorts {
  readonly accountSettings: AccountSettingStore;
  readonly clock: Clock;
}

/** @throws RegistryError ACCOUNT_SETTING_INVALID */
export function parseAccountSettingName(text: string): AccountSettingName {
  const names = Object.keys(ACCOUNT_SETTINGS) as AccountSettingName[];
  const name = names.find((each) => each === text);
  if (name === undefined) throw settingInvalid("The name of an account setting", names, text);
  return name;
}

/** @throws RegistryError ACCOUNT_SETTING_INVALID */
export function parseAccountSettingValue<Name extends AccountSettingName>(
  name: Name,
  text: string,
): AccountSettings[Name] {
  const values: readonly AccountSettings[Name][] = ACCOUNT_SETTINGS[name];
  const value = values.find((each) => each === text);
  if (value === undefined) throw settingInvalid(`The value of the account setting ${name}`, values, text);
  return value;
}

/** One that was never put has its default. */
export async function getAccountSetting(
  { accountSettings }: Pick<AccountSettingPorts, "accountSettings">,
  scope: Scope,
  name: AccountSettingName,
): Promise<string> {
  return (await accountSettings.find(scope))[name];
}

export async function putAccountSetting<Name extends AccountSettingName>(
  { accountSettings, clock }: AccountSettingPorts,
  scope: Scope,
  setting: { readonly name: Name; readonly value: AccountSettings[Name] },
  cause: Cause,
): Promise<void> {
  await accountSettings.put(scope, setting.name, setting.value, cause, clock.now());
}

function settingInvalid(what: string, allowed: readonly string[], text: string): RegistryError {
  const shown = JSON.stringify(text.slice(0, 64));
  return new RegistryError(
    "ACCOUNT_SETTING_INVALID",
    `${what} must be one of ${allowed.join(", ")}, not ${shown}`,
  );
}
