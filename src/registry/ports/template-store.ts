import type { Cause } from "../../audit/cause.ts";
import type { Scope } from "../scope.ts";
import type { RepositoryDraft } from "./repository-store.ts";

/** On whose behalf a repository is created that nobody has asked for by name: ECR's `RCTAppliedFor`. */
export type TemplatePurpose = "PULL_THROUGH_CACHE" | "REPLICATION" | "CREATE_ON_PUSH";

/** What a repository creation template says. Made by `draftTemplate`, which keeps the rules. */
export interface TemplateDraft
  extends Pick<RepositoryDraft, "tagMutability" | "exclusionFilters" | "encryption" | "tags"> {
  /** As it was given: a path of names, perhaps with a `/` at its end, or `ROOT`. */
  readonly prefix: string;
  readonly description: string | undefined;
  readonly appliedFor: readonly TemplatePurpose[];
  /** Texts of policies that each repository gets. */
  readonly repositoryPolicy: string | undefined;
  readonly lifecyclePolicy: string | undefined;
  /** Kept as it was given. */
  readonly customRoleArn: string | undefined;
}

/** A repository creation template as it is kept. */
export interface RepositoryTemplate extends TemplateDraft {
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/**
 * Templates of one registry at a time, by the path of their prefix: `team` and `team/` are one. Whatever changes one writes
 * why into the audit log, in the same transaction.
 */
export interface TemplateStore {
  /** Creates unless there is one of that path, or `most` of them in the registry already. */
  create(
    scope: Scope,
    draft: TemplateDraft,
    most: number,
    cause: Cause,
    at: Date,
  ): Promise<RepositoryTemplate | "exists" | "too many">;
  /** Undefined when there is none of that prefix. Two changes at once come one after the other. */
  change(
    scope: Scope,
    prefix: string,
    change: (template: TemplateDraft) => TemplateDraft,
    cause: Cause,
    at: Date,
  ): Promise<RepositoryTemplate | undefined>;
  /** Gives the template as it was. */
  delete(scope: Scope, prefix: string, cause: Cause, at: Date): Promise<RepositoryTemplate | undefined>;
  /** Those of `prefixes` that exist, by path. */
  findAll(scope: Scope, prefixes: readonly string[]): Promise<readonly RepositoryTemplate[]>;
  /** Those with a path after that of `after`, in byte order of their paths, at most `limit`. */
  page(scope: Scope, after: string, limit: number): Promise<readonly RepositoryTemplate[]>;
}
