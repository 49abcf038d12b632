import type { Page, PageRequest } from "../../../kernel/page.ts";
import type { EntityId, EntityKind, Tags } from "../entity.ts";
import type { ManagedPolicy, PolicyId, PolicyVersion } from "../managed-policy.ts";

/** A policy that is part of a user, group or role. `document`: JSON text, as it was given. */
export interface InlinePolicy {
  readonly name: string;
  readonly document: string;
}

/** What ListPolicies may ask for. */
export interface PolicyFilter {
  readonly pathPrefix: string;
  readonly onlyAttached: boolean;
  readonly usage: "PermissionsPolicy" | "PermissionsBoundary" | undefined;
}

/** A user, group or role that uses a policy. */
export interface PolicyUse {
  readonly kind: EntityKind;
  readonly uniqueId: string;
  readonly name: string;
}

/** What ListEntitiesForPolicy may ask for; `pathPrefix` is that of the entities. */
export interface PolicyUseFilter {
  readonly kind: EntityKind | undefined;
  readonly pathPrefix: string;
  readonly usage: PolicyFilter["usage"];
}

/** Policies of one account. */
export interface PolicyReader {
  /** By path and name, the latter in any letter case. */
  findPolicy(path: string, name: string): Promise<ManagedPolicy | undefined>;
  /** Whether any path has a policy of that name. */
  hasPolicyNamed(name: string): Promise<boolean>;
  listPolicies(filter: PolicyFilter, page: PageRequest): Promise<Page<ManagedPolicy>>;
  countPolicies(): Promise<number>;
  listVersions(policy: PolicyId): Promise<readonly PolicyVersion[]>;
  /** Uses of a policy by its ARN, also one of AWS's. */
  countUses(arn: string): Promise<{ readonly attachments: number; readonly boundaries: number }>;
  listUses(arn: string, filter: PolicyUseFilter, page: PageRequest): Promise<Page<PolicyUse>>;
  /** In the order of names. */
  listInlinePolicies(entity: EntityId): Promise<readonly InlinePolicy[]>;
  /** ARNs, in their order. */
  listAttachedPolicies(entity: EntityId): Promise<readonly string[]>;
}

/** A managed policy that is to be made. `path` begins and ends with `/`; `document`: JSON text of its first version. */
export interface NewPolicy {
  readonly uniqueId: string;
  readonly path: string;
  readonly name: string;
  readonly description: string | undefined;
  readonly tags: Tags;
  readonly document: string;
  readonly createdAt: Date;
}

/**
 * Changes to policies of one account, within one transaction that keeps all other changes of the account waiting: who
 * calls has looked that entities and policies exist and that names are free.
 */
export interface PolicyWriter {
  /** Replaces the one of that name. */
  putInlinePolicy(entity: EntityId, policy: InlinePolicy): Promise<void>;
  /** False when there was none of that name. */
  deleteInlinePolicy(entity: EntityId, name: string): Promise<boolean>;
  /** `policy` is undefined for one of AWS's. Nothing changes where it is attached already. */
  attachPolicy(entity: EntityId, arn: string, policy: PolicyId | undefined): Promise<void>;
  /** False when it was not attached. */
  detachPolicy(entity: EntityId, arn: string): Promise<boolean>;
  /** With its first version. */
  insertPolicy(policy: NewPolicy): Promise<void>;
  /** Gives it the next number. */
  insertVersion(policy: PolicyId, document: string, isDefault: boolean, at: Date): Promise<PolicyVersion>;
  setDefaultVersion(policy: PolicyId, version: number, at: Date): Promise<void>;
  setPolicyTags(policy: PolicyId, tags: Tags): Promise<void>;
  deleteVersion(policy: PolicyId, version: number): Promise<void>;
  deletePolicy(policy: PolicyId): Promise<void>;
}
