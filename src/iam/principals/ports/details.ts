import type { Page, PageRequest } from "../../../kernel/page.ts";
import type { EntityId, EntityKind, EntityOf } from "../entity.ts";
import type { PolicyId, PolicyVersion } from "../managed-policy.ts";
import type { InstanceProfile } from "./instance-profiles.ts";
import type { InlinePolicy } from "./policies.ts";

/** A user, group or role, with everything that says what it may do. */
export interface EntityDetail<Kind extends EntityKind> {
  readonly entity: EntityOf<Kind>;
  /** In the order of names. */
  readonly inlinePolicies: readonly InlinePolicy[];
  /** ARNs, in their order. */
  readonly attachedPolicies: readonly string[];
  /** Names of the groups that a user is in, in their order. */
  readonly groups: readonly string[];
}

/** How often something has a managed policy attached, and how many it bounds. */
export interface PolicyUses {
  readonly attachments: number;
  readonly boundaries: number;
}

/** Many things of one account at once, each by one query, for whoever reads the account as a whole. */
export interface DetailReader {
  /** In the order of names. */
  listEntityDetails<Kind extends EntityKind>(
    kind: Kind,
    page: PageRequest,
  ): Promise<Page<EntityDetail<Kind>>>;
  /** Those that hold one of the roles, in the order of names. */
  instanceProfilesOf(roles: readonly EntityId[]): Promise<readonly InstanceProfile[]>;
  /** Of each of the policies, newest first. */
  versionsOf(policies: readonly PolicyId[]): Promise<ReadonlyMap<PolicyId, readonly PolicyVersion[]>>;
  /** Of AWS's policies that anything uses, by ARN. */
  usesOfAwsPolicies(): Promise<ReadonlyMap<string, PolicyUses>>;
}
