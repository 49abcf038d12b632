import type { SealedSecret } from "../../master-key.ts";
import type { EntityId } from "../entity.ts";

/** Whose keys: a user's, or those of the root of the account. */
export type KeyOwner = EntityId | "root";

/** An access key without its secret. */
export interface AccessKeyFacts {
  readonly id: string;
  readonly account: string;
  /** Name of the user; undefined for the root. */
  readonly userName: string | undefined;
  readonly active: boolean;
  readonly createdAt: Date;
  readonly lastUsed: { readonly at: Date; readonly service: string; readonly region: string } | undefined;
}

/** Access keys of one account. */
export interface AccessKeyReader {
  /** Oldest first. */
  listAccessKeys(owner: KeyOwner): Promise<readonly AccessKeyFacts[]>;
  findAccessKey(id: string): Promise<AccessKeyFacts | undefined>;
}

/** Changes to access keys of one account, within one transaction. */
export interface AccessKeyWriter {
  insertAccessKey(key: {
    readonly id: string;
    readonly owner: KeyOwner;
    readonly sealed: SealedSecret;
    readonly createdAt: Date;
  }): Promise<void>;
  /** False when the owner has no such key. */
  setAccessKeyActive(owner: KeyOwner, id: string, active: boolean): Promise<boolean>;
  /** False when the owner has no such key. */
  deleteAccessKey(owner: KeyOwner, id: string): Promise<boolean>;
}
