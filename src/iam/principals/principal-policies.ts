import type { AttachedPolicy } from "../policy/access.ts";
import type { Tags } from "./entity.ts";
import type { Organization } from "./organizations.ts";

/** Whose policies: by ids alone, since names and paths may change. */
export interface PolicySubject {
  readonly account: string;
  /** `AIDA…` or `AROA…`; undefined for the root, which needs no policy. */
  readonly uniqueId: string | undefined;
  /** The key that proves it. Undefined where policies are read without anybody being there: the simulator. */
  readonly accessKeyId: string | undefined;
}

/** Everything about a principal that a decision needs, as of one moment. */
export interface PrincipalPolicies {
  /** Of the account, at that moment: while it stays, all of this stays true. */
  readonly version: number;
  /** Inline and managed policies of the user and its groups, or of the role. */
  readonly identity: readonly AttachedPolicy[];
  readonly boundary: AttachedPolicy | undefined;
  /** Of the session; empty when it has none. */
  readonly session: readonly AttachedPolicy[];
  /** `aws:PrincipalTag`: of the user or role, and over them those of the session. */
  readonly tags: Tags;
  readonly sessionFacts: SessionFacts | undefined;
  /** That the account is in. */
  readonly organization?: Organization | undefined;
}

/** What conditions may ask about temporary credentials. */
export interface SessionFacts {
  /** `aws:TokenIssueTime`. */
  readonly issuedAt: Date;
  readonly expiresAt: Date;
  /** When an MFA device proved who asked for them: `aws:MultiFactorAuthPresent`, `aws:MultiFactorAuthAge`. */
  readonly mfaAt: Date | undefined;
  readonly sourceIdentity: string | undefined;
  /** `aws:FederatedProvider`. */
  readonly federatedProvider: string | undefined;
}

/** How far an account has changed. */
export interface AccountVersion {
  readonly version: number;
  readonly disabled: boolean;
}

export interface PrincipalPolicyStore {
  /**
   * One query. Undefined when there is no such principal any more, its key or session is no longer good, or the account
   * is disabled: then nothing is allowed.
   */
  load(subject: PolicySubject, at: Date): Promise<PrincipalPolicies | undefined>;
  /** Of each account that exists. */
  versions(accounts: readonly string[]): Promise<ReadonlyMap<string, AccountVersion>>;
}

/** Policies as they were written. */
export interface PolicyTextStore {
  /** One query. By the labels of a principal's policies; none of a principal that is gone. */
  texts(subject: Pick<PolicySubject, "account" | "uniqueId">): Promise<ReadonlyMap<string, string>>;
}
