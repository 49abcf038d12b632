/** A stored policy that may name principals: the trust policy of a role, or that of a repository or registry. */
export interface NamingPolicy {
  readonly on: "role" | "repository" | "registry";
  /** Of what it hangs on, in the database. */
  readonly id: number;
  readonly document: string;
}

/** Whom policies name, across accounts. */
export interface NamedPrincipals {
  /**
   * Those of the ARNs that users or roles have, or with which those of sessions of a role begin (up to the slash after its
   * name), and those of the accounts that exist. Until the change ends nobody else can delete or rename them.
   */
  existingPrincipals(arns: readonly string[], accounts: readonly string[]): Promise<ReadonlySet<string>>;
  /**
   * Every policy that has one of the texts in it, or that writes characters as escapes, so that they may be there unseen
   * (written-policy.ts writes none that a name could hide in). Those too long to be read are left out.
   */
  policiesWith(texts: readonly string[]): Promise<readonly NamingPolicy[]>;
  /** Does nothing when there is another policy by now. */
  replacePolicy(was: NamingPolicy, document: string): Promise<void>;
}
