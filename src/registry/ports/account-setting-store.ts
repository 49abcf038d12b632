import type { Cause } from "../../audit/cause.ts";
import type { Scope } from "../scope.ts";

/** ECR's account settings (PutAccountSetting), by their names there. */
export interface AccountSettings {
  /** Kept as it was asked for. */
  readonly BASIC_SCAN_TYPE_VERSION: "AWS_NATIVE" | "CLAIR";
  /** Whether a push takes blobs from other repositories of the registry instead of uploading them. */
  readonly BLOB_MOUNTING: "ENABLED" | "DISABLED";
  /** Which requests the registry's policy has a say in: V1 three actions, V2 every one of ECR. */
  readonly REGISTRY_POLICY_SCOPE: "V1" | "V2";
}

/** Account settings of registries: each belongs to an account in a region. */
export interface AccountSettingStore {
  /** With defaults for what was never put. One query. */
  find(scope: Scope): Promise<AccountSettings>;
  /** Writes why into the audit log, in the same transaction, unless the setting has that value already. */
  put<Name extends keyof AccountSettings>(
    scope: Scope,
    name: Name,
    value: AccountSettings[Name],
    cause: Cause,
    at: Date,
  ): Promise<void>;
}
