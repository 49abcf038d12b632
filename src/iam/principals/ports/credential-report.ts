/** An access key as the report shows it; the last use is undefined while there was none. */
export interface ReportedKey {
  readonly active: boolean;
  readonly createdAt: Date;
  readonly used: { readonly at: Date; readonly region: string; readonly service: string } | undefined;
}

/** What the root or a user proves who it is with. */
export interface CredentialHolder {
  /** Undefined for the root. */
  readonly user: { readonly path: string; readonly name: string } | undefined;
  readonly createdAt: Date;
  readonly hasMfa: boolean;
  /** Oldest first. */
  readonly keys: readonly ReportedKey[];
}

/** Credentials of one account. */
export interface CredentialReportReader {
  /** One query. The root, then all users in the order of names. */
  listCredentialHolders(): Promise<readonly CredentialHolder[]>;
}
