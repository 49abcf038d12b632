import type { Cause } from "../../audit/cause.ts";
import type { RepositoryName } from "../../registry/names.ts";
import type { RegistryAddress } from "../../registry/scope.ts";

/** Policy texts of repositories, kept as they were given. `"unknown"` where there is no such repository. */
export interface RepositoryPolicies {
  set(
    registry: RegistryAddress,
    name: RepositoryName,
    text: string,
    cause: Cause,
    at: Date,
  ): Promise<"set" | "unknown">;
  get(registry: RegistryAddress, name: RepositoryName): Promise<PolicyText | "unknown">;
  /** Gives the text that was deleted. */
  delete(
    registry: RegistryAddress,
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
  put(registry: RegistryAddress, text: string, cause: Cause, at: Date): Promise<void>;
  get(registry: RegistryAddress): Promise<string | undefined>;
  /** Gives the text that was deleted. */
  delete(registry: RegistryAddress, cause: Cause, at: Date): Promise<string | undefined>;
}
