import type { RegistryPolicies, RepositoryPolicies } from "../../../iam/access/policy-texts.ts";
import type { RequestContext } from "../../../iam/authorizer.ts";
import type { AccountPrincipal } from "../../../iam/principal.ts";
import type { RepositoryCatalog } from "../../../registry/ports/repository-catalog.ts";
import type { RegistryAddress } from "../../../registry/scope.ts";
import type { PageTokens } from "../page-tokens.ts";

export type {
  RepositoryCatalog,
  RepositoryDraft,
  RepositoryRecord,
  TagMutability,
} from "../../../registry/ports/repository-catalog.ts";

/** What may be written in a policy. Each says what is wrong and where, undefined when nothing is. */
export interface PolicyRules {
  repositoryPolicyProblem(text: string, repositoryArn: string): Promise<string | undefined>;
  registryPolicyProblem(text: string, registry: RegistryAddress): Promise<string | undefined>;
  /** Whether the principal could still set the policy of a repository that has this one. */
  keepsAccess(
    principal: AccountPrincipal,
    text: string,
    repositoryArn: string,
    context: RequestContext,
  ): Promise<boolean>;
}

/** Passwords for the registry side. */
export interface TokenIssuer {
  /** Seconds that a token lives, unless the caller's own credentials end before. */
  readonly lifetime: number;
  /** A password without `:` that stands for the principal until `expiresAt`. */
  issueToken(principal: AccountPrincipal, expiresAt: Date): Promise<string>;
}

/** Where clients find a registry: by the configured template, else at the origin under which the asking client came. */
export interface RegistryHosts {
  /** `<host>[:<port>]`: what stands before the repository's name in an image reference. */
  hostOf(registry: RegistryAddress, origin: string): string;
  /** `https://<host>[:<port>]`, without a path. */
  endpointOf(registry: RegistryAddress, origin: string): string;
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
