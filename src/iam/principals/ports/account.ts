/** How much of everything an account has. */
export interface AccountCounts {
  readonly users: number;
  readonly groups: number;
  readonly roles: number;
  readonly policies: number;
  readonly policyVersions: number;
  readonly oidcProviders: number;
  readonly rootAccessKeys: number;
  readonly mfaDevices: number;
  /** Those of users and of the root. */
  readonly mfaDevicesInUse: number;
  readonly rootMfaDevices: number;
}

export interface AccountReader {
  findAlias(): Promise<string | undefined>;
  countAll(): Promise<AccountCounts>;
}

export interface AccountWriter {
  /** Replaces the one it had. False when another account has that alias. */
  setAlias(alias: string, at: Date): Promise<boolean>;
  deleteAlias(alias: string): Promise<boolean>;
}
