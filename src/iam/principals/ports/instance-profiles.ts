import type { Page, PageRequest } from "../../../kernel/page.ts";
import type { EntityId, Role, Tags } from "../entity.ts";

declare const instanceProfileId: unique symbol;
/** Of the row; never shown. */
export type InstanceProfileId = number & { readonly [instanceProfileId]: true };

/** What an EC2 instance would get a role by. */
export interface InstanceProfile {
  readonly id: InstanceProfileId;
  readonly account: string;
  /** `AIPA…`. */
  readonly uniqueId: string;
  /** Begins and ends with `/`. */
  readonly path: string;
  readonly name: string;
  /** One at most. */
  readonly role: Role | undefined;
  readonly tags: Tags;
  readonly createdAt: Date;
}

/** Instance profiles of one account. Names are found in any letter case. */
export interface InstanceProfileReader {
  findInstanceProfile(name: string): Promise<InstanceProfile | undefined>;
  /** In the order of names. */
  listInstanceProfiles(pathPrefix: string, page: PageRequest): Promise<Page<InstanceProfile>>;
  /** Those that hold the role, in the order of names. */
  listInstanceProfilesOf(role: EntityId, page: PageRequest): Promise<Page<InstanceProfile>>;
  countInstanceProfiles(): Promise<number>;
}

/** Changes to instance profiles of one account, within one transaction. Who calls has looked that they exist. */
export interface InstanceProfileWriter {
  insertInstanceProfile(
    profile: Pick<InstanceProfile, "uniqueId" | "path" | "name" | "tags" | "createdAt">,
  ): Promise<void>;
  /** `role` of undefined takes it out. */
  setInstanceProfileRole(id: InstanceProfileId, role: EntityId | undefined): Promise<void>;
  setInstanceProfileTags(id: InstanceProfileId, tags: Tags): Promise<void>;
  deleteInstanceProfile(id: InstanceProfileId): Promise<void>;
}
