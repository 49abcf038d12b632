import type { RequestContext } from "../authorizer.ts";
import { type ParseOptions, parsePolicyDocument } from "../policy/document.ts";
import { PolicyError } from "../policy/errors.ts";
import type { RegistryPolicyScope } from "../policy/kinds.ts";
import type { Identity } from "../principals/identity.ts";
import type { PolicyAuthorizer } from "./policy-authorizer.ts";

/** What may be written in the policies of repositories and registries. That principals exist is asked when one is stored. */
export class ResourcePolicyRules {
  readonly #authorizer: PolicyAuthorizer;

  constructor(authorizer: PolicyAuthorizer) {
    this.#authorizer = authorizer;
  }

  /** What is wrong with the policy of a repository, and where; undefined when nothing is. */
  async repositoryPolicyProblem(text: string, repositoryArn: string): Promise<string | undefined> {
    return problemOf(text, { kind: "repository", repository: repositoryArn });
  }

  /** `scope` says which actions it may name. */
  async registryPolicyProblem(text: string, scope: RegistryPolicyScope): Promise<string | undefined> {
    return problemOf(text, { kind: "registry", scope });
  }

  /** Whether the principal could still set the policy of a repository that has this one. */
  async keepsAccess(
    identity: Identity,
    text: string,
    repositoryArn: string,
    context: RequestContext,
  ): Promise<boolean> {
    const document = parsePolicyDocument(text, { kind: "repository", repository: repositoryArn });
    const action = "ecr:SetRepositoryPolicy";
    return this.#authorizer.wouldAllow({ identity, action, resource: repositoryArn, context }, document);
  }
}

function problemOf(text: string, options: ParseOptions): string | undefined {
  try {
    parsePolicyDocument(text, options);
    return undefined;
  } catch (error) {
    if (error instanceof PolicyError) return error.message;
    throw error;
  }
}
