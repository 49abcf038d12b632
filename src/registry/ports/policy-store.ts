import type { Cause } from "../../audit/cause.ts";
import type { RepositoryName } from "../names.ts";
import type { Scope } from "../scope.ts";

/** A policy of a repository that exists. */
export interface PolicyText {
  /** As it was given; undefined while none is set. */
  readonly text: string | undefined;
}

/** A policy names a principal that does not exist: as it is written. Then nothing is stored. */
export interface MissingPrincipal {
  readonly missing: string;
}

/**
 * Policy texts of repositories and registries, kept as they were given; principals that are renamed or deleted later
 * stand there by their new ARN or their unique id. `"unknown"` where there is no such repository. Whatever changes one
 * writes why into the audit log, in the same transaction.
 */
export interface PolicyStore {
  ofRepository(scope: Scope, name: RepositoryName): Promise<PolicyText | "unknown">;
  setOfRepository(
    scope: Scope,
    name: RepositoryName,
    text: string,
    cause: Cause,
    at: Date,
  ): Promise<"set" | "unknown" | MissingPrincipal>;
  /** Gives the text that was deleted. */
  deleteOfRepository(
    scope: Scope,
    name: RepositoryName,
    cause: Cause,
    at: Date,
  ): Promise<PolicyText | "unknown">;
  ofRegistry(scope: Scope): Promise<string | undefined>;
  setOfRegistry(scope: Scope, text: string, cause: Cause, at: Date): Promise<"set" | MissingPrincipal>;
  /** Gives the text that was deleted. */
  deleteOfRegistry(scope: Scope, cause: Cause, at: Date): Promise<string | undefined>;
}
