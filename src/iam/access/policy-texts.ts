import type { Cause } from "../../audit/cause.ts";
import type { RepositoryName } from "../../registry/names.ts";

/** The registry of an account in a region. */
export interface RegistryKey {
  readonly account: string;
  readonly region: string;
}

/** Policy texts of repositories, kept as they were given. `"unknown"` where there is no such repository. */
export interface RepositoryPolicies {
  set(
    registry: RegistryKey,
    name: RepositoryName,
    text: string,
    cause: Cause,
    at: Date,
  ): Promise<"set" | "unknown">;
  get(registry: RegistryKey, name: RepositoryName): Promise<PolicyText | "unknown">;
  /** Gives the text that was deleted. */
  delete(
    registry: RegistryKey,
    name: RepositoryName,
    cause: Cause,
    at: Date,
  ): Promise<PolicyText | "unknown">;
}

export interface PolicyText {
  /** Undefined while none is set. */
  readonly text: string | undefined;
}

/** The policy text of each registry. */
export interface RegistryPolicies {
  put(registry: RegistryKey, text: string, cause: Cause, at: Date): Promise<void>;
  get(registry: RegistryKey): Promise<string | undefined>;
  /** Gives the text that was deleted. */
  delete(registry: RegistryKey, cause: Cause, at: Date): Promise<string | undefined>;
}
