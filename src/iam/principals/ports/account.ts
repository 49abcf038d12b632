/** How much of everything an account has. */
export interface AccountCounts {
  readonly users: number;
  readonly groups: number;
  readonly roles: number;
  readonly policies: number;
  readonly policyVersions: number;
  readonly oidcProviders: number;
  readonly instanceProfiles: number;
  readonly rootAccessKeys: number;
  readonly mfaDevices: number;
  /** Those of users and of the root. */
  readonly mfaDevicesInUse: number;
  readonly rootMfaDevices: number;
}

/** What is known of one account as a whole. */
export interface AccountReader {
  /** Undefined while it has none. */
  findAlias(): Promise<string | undefined>;
  /** One query. */
  countAll(): Promise<AccountCounts>;
}

/** Changes to one account, within one transaction. */
export interface AccountWriter {
  /** Replaces the one it had. False when another account has that alias. */
  setAlias(alias: string, at: Date): Promise<boolean>;
  /** False when the account has another one, or none. */
  deleteAlias(alias: string): Promise<boolean>;
}
