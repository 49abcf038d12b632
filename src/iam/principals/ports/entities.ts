import type { Page, PageRequest } from "../../../kernel/page.ts";
import type { Entity, EntityId, EntityKind, EntityOf, Group, Tags, User } from "../entity.ts";

/** Users, groups and roles of one account. Names are found in any letter case. */
export interface EntityReader {
  findEntity<Kind extends EntityKind>(kind: Kind, name: string): Promise<EntityOf<Kind> | undefined>;
  findEntityByUniqueId(uniqueId: string): Promise<Entity | undefined>;
  /** In the order of names. */
  listEntities<Kind extends EntityKind>(
    kind: Kind,
    pathPrefix: string,
    page: PageRequest,
  ): Promise<Page<EntityOf<Kind>>>;
  listMembers(group: EntityId, page: PageRequest): Promise<Page<User>>;
  listGroupsOf(user: EntityId, page: PageRequest): Promise<Page<Group>>;
  countEntities(kind: EntityKind): Promise<number>;
  /** What hangs on an entity and must go before it may. */
  holdingsOf(entity: EntityId): Promise<Holdings>;
}

/** Numbers of what hangs on a user, group or role; 0 for what its kind cannot have. */
export interface Holdings {
  readonly inlinePolicies: number;
  readonly attachedPolicies: number;
  readonly accessKeys: number;
  readonly mfaDevices: number;
  /** Those that hold a role. */
  readonly instanceProfiles: number;
  /** Groups that a user is in. */
  readonly groups: number;
  /** Users that are in a group. */
  readonly members: number;
}

/**
 * A user, group or role that is to be made. `path` begins and ends with `/`. `trustPolicy` (JSON text) and
 * `maxSessionDuration` (seconds) are a role's alone, and it has both. `boundary`: ARN of a managed policy.
 */
export interface NewEntity {
  readonly kind: EntityKind;
  readonly uniqueId: string;
  readonly path: string;
  readonly name: string;
  readonly boundary?: string | undefined;
  readonly tags?: Tags;
  readonly description?: string | undefined;
  readonly trustPolicy?: string;
  readonly maxSessionDuration?: number;
  readonly createdAt: Date;
}

/** What may change about an entity; absent members stay as they are. */
export interface EntityChange {
  readonly path?: string;
  readonly name?: string;
  /** Null takes it away. */
  readonly boundary?: string | null;
  readonly tags?: Tags;
  readonly description?: string;
  readonly trustPolicy?: string;
  readonly maxSessionDuration?: number;
}

/**
 * Changes to users, groups and roles of one account, within one transaction that keeps all other changes of the account
 * waiting: who calls has looked that entities exist, that names are free and that nothing hangs on what is deleted.
 */
export interface EntityWriter {
  insertEntity(entity: NewEntity): Promise<EntityId>;
  changeEntity(id: EntityId, change: EntityChange): Promise<void>;
  deleteEntity(id: EntityId): Promise<void>;
  /** Nothing changes where the user is in the group already. */
  addMember(group: EntityId, user: EntityId): Promise<void>;
  /** False when the user was not in the group. */
  removeMember(group: EntityId, user: EntityId): Promise<boolean>;
}
