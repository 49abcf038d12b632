import type { RegistryAddress } from "../../registry/scope.ts";
import type { RequestContext } from "../authorizer.ts";
import { type PolicyDocument, parsePolicyDocument } from "../policy/document.ts";
import { PolicyError } from "../policy/errors.ts";
import type { PrincipalEntry } from "../policy/principals.ts";
import { iamArn } from "../principals/arns.ts";
import type { Identity } from "../principals/identity.ts";
import type { IdentityStore } from "../principals/ports/index.ts";
import type { PolicyAuthorizer } from "./policy-authorizer.ts";

/** What may be written in the policies of repositories and registries. */
export class ResourcePolicyRules {
  readonly #identity: IdentityStore;
  readonly #authorizer: PolicyAuthorizer;

  constructor(identity: IdentityStore, authorizer: PolicyAuthorizer) {
    this.#identity = identity;
    this.#authorizer = authorizer;
  }

  /** What is wrong with the policy of a repository, and where; undefined when nothing is. */
  repositoryPolicyProblem(text: string, repositoryArn: string): Promise<string | undefined> {
    const account = repositoryArn.split(":")[4] ?? "";
    return this.#problem(account, () =>
      parsePolicyDocument(text, { kind: "repository", repository: repositoryArn }),
    );
  }

  registryPolicyProblem(text: string, { account }: RegistryAddress): Promise<string | undefined> {
    return this.#problem(account, () => parsePolicyDocument(text, { kind: "registry", scope: "V2" }));
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

  async #problem(account: string, parse: () => PolicyDocument): Promise<string | undefined> {
    try {
      return await this.#missingPrincipal(account, parse());
    } catch (error) {
      if (error instanceof PolicyError) return error.message;
      throw error;
    }
  }

  /** Users and roles of the policy's own account must exist; what is in other accounts is theirs to know. */
  async #missingPrincipal(account: string, { statements }: PolicyDocument): Promise<string | undefined> {
    const reader = this.#identity.reader(account);
    for (const entry of statements.flatMap(({ principals }) => principals?.entries ?? [])) {
      if (entry.kind === "deleted") return invalidPrincipal(entry);
      if ((entry.kind !== "user" && entry.kind !== "role") || entry.account !== account) continue;
      const name = entry.written.slice(entry.written.lastIndexOf("/") + 1);
      const found = await reader.findEntity(entry.kind, name);
      // Names are found in any letter case, and a policy means one ARN.
      if (found === undefined || iamArn(found) !== entry.written) return invalidPrincipal(entry);
    }
    return undefined;
  }
}

function invalidPrincipal({ written }: PrincipalEntry): string {
  return `Principal: ${written} does not exist`;
}
