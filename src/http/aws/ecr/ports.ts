import type { AccountPrincipal } from "../../../iam/principal.ts";
import type { RepositoryName } from "../../../registry/names.ts";
import type { RegistryAddress } from "../../registry-host.ts";
import type { PageTokens } from "../page-tokens.ts";

export type TagMutability = "MUTABLE" | "IMMUTABLE" | "IMMUTABLE_WITH_EXCLUSION" | "MUTABLE_WITH_EXCLUSION";

/** What a repository is created with, and keeps. */
export interface RepositoryDraft {
  readonly name: RepositoryName;
  readonly tagMutability: TagMutability;
  /** Wildcards of the tags that the mutability does not cover; only with a `…_WITH_EXCLUSION`. */
  readonly exclusionFilters: readonly string[];
  readonly scanOnPush: boolean;
  readonly encryption: {
    readonly type: "AES256" | "KMS" | "KMS_DSSE";
    readonly kmsKey: string | undefined;
  };
  readonly tags: Readonly<Record<string, string>>;
}

export interface RepositoryRecord extends Omit<RepositoryDraft, "tags"> {
  readonly createdAt: Date;
}

/** Repositories of one registry, by name. A registry that does not exist has none. */
export interface RepositoryCatalog {
  /** With its tags, in one transaction. Undefined when the name is taken. @throws AwsError LimitExceeded, Kms */
  create(registry: RegistryAddress, draft: RepositoryDraft, at: Date): Promise<RepositoryRecord | undefined>;
  /** Those of `names` that exist, in any order. */
  find(registry: RegistryAddress, names: readonly RepositoryName[]): Promise<readonly RepositoryRecord[]>;
  /** Names after `after` in byte order, at most `limit`. */
  page(registry: RegistryAddress, after: string, limit: number): Promise<readonly RepositoryRecord[]>;
  /** Gives the repository as it was. Unless `force`, one that holds an image stays. */
  delete(
    registry: RegistryAddress,
    name: RepositoryName,
    options: { readonly force: boolean; readonly at: Date },
  ): Promise<RepositoryRecord | "unknown" | "not-empty">;
}

/** Policy texts of repositories, kept as they were given. `"unknown"` where there is no such repository. */
export interface RepositoryPolicies {
  set(registry: RegistryAddress, name: RepositoryName, text: string, at: Date): Promise<"set" | "unknown">;
  get(registry: RegistryAddress, name: RepositoryName): Promise<PolicyText | "unknown">;
  /** Gives the text that was deleted. */
  delete(registry: RegistryAddress, name: RepositoryName, at: Date): Promise<PolicyText | "unknown">;
}

export interface PolicyText {
  /** Undefined while none is set. */
  readonly text: string | undefined;
}

/** The policy text of each registry. */
export interface RegistryPolicies {
  put(registry: RegistryAddress, text: string, at: Date): Promise<void>;
  get(registry: RegistryAddress): Promise<string | undefined>;
  /** Gives the text that was deleted. */
  delete(registry: RegistryAddress, at: Date): Promise<string | undefined>;
}

/** What may be written in a policy. Each says what is wrong and where, undefined when nothing is. */
export interface PolicyRules {
  repositoryPolicyProblem(text: string, repositoryArn: string): Promise<string | undefined>;
  registryPolicyProblem(text: string, registry: RegistryAddress): Promise<string | undefined>;
  /** Whether the principal could still set the policy of a repository that has this one. */
  keepsAccess(principal: AccountPrincipal, text: string, repositoryArn: string): Promise<boolean>;
}

/** Passwords for the registry side. */
export interface TokenIssuer {
  /** Seconds that a token lives, unless the caller's own credentials end before. */
  readonly lifetime: number;
  /** A password without `:` that stands for the principal until `expiresAt`. */
  issueToken(principal: AccountPrincipal, expiresAt: Date): Promise<string>;
}

/** Where clients find a registry, by the configured host template. */
export interface RegistryHosts {
  /** `<host>[:<port>]`: what stands before the repository's name in an image reference. */
  hostOf(registry: RegistryAddress): string;
  /** `https://<host>[:<port>]`, without a path. */
  endpointOf(registry: RegistryAddress): string;
}

/** What the operations of ECR work on. */
export interface EcrPorts {
  readonly repositories: RepositoryCatalog;
  readonly repositoryPolicies: RepositoryPolicies;
  readonly registryPolicies: RegistryPolicies;
  readonly policyRules: PolicyRules;
  readonly tokens: TokenIssuer;
  readonly hosts: RegistryHosts;
  readonly pageTokens: PageTokens;
}
