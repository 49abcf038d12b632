import type { Cause } from "../../audit/cause.ts";

/** An account as administrators see it. */
export interface AccountFacts {
  readonly id: string;
  readonly name: string | undefined;
  readonly alias: string | undefined;
  readonly disabled: boolean;
  readonly createdAt: Date;
}

export interface AccountStore {
  /** Makes it and its registry in `region`. False when it was there; then only a missing registry is made. */
  create(
    account: { readonly id: string; readonly name: string | undefined },
    region: string,
    cause: Cause,
    at: Date,
  ): Promise<boolean>;
  find(id: string): Promise<AccountFacts | undefined>;
  /** In the order of ids. */
  list(after: string, limit: number): Promise<readonly AccountFacts[]>;
  /** A disabled account's principals prove nothing, within a moment on every node. False when there is no such account. */
  setDisabled(id: string, disabled: boolean, cause: Cause, at: Date): Promise<boolean>;
}
