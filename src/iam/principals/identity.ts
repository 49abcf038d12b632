import type { FederatedUserCaller, RootCaller, SessionCaller, UserCaller } from "../policy/caller.ts";

/** Who an access key or token proves: a caller as policies see it, and what else is known about it. */
export type Identity = RootIdentity | UserIdentity | SessionIdentity | FederatedUserIdentity;

interface Proven {
  /** The access key that proved it, `AKIA…` or `ASIA…`; shown in logs. */
  readonly accessKeyId: string;
  /** The credentials are temporary, and an MFA device proved whoever asked for them. */
  readonly multiFactor?: true;
}

export interface RootIdentity extends RootCaller, Proven {}

/** A user, also with the temporary credentials of GetSessionToken. */
export interface UserIdentity extends UserCaller, Proven {
  /** `AIDA…`. */
  readonly uniqueId: string;
  readonly name: string;
}

/** A session of a role. */
export interface SessionIdentity extends SessionCaller, Proven {
  /** `AROA…` of the role. */
  readonly uniqueId: string;
  readonly roleName: string;
  readonly sessionName: string;
}

/** A session of somebody that a user or root vouches for. */
export interface FederatedUserIdentity extends FederatedUserCaller, Proven {
  /** `AIDA…` of the user who vouches; undefined for the root. */
  readonly uniqueId: string | undefined;
  /** What whoever vouches calls it. */
  readonly name: string;
}

/** What `aws:userid` and GetCallerIdentity call it. */
export function userIdOf(identity: Identity): string {
  switch (identity.kind) {
    case "root":
      return identity.account;
    case "user":
      return identity.uniqueId;
    case "session":
      return `${identity.uniqueId}:${identity.sessionName}`;
    case "federated-user":
      return `${identity.account}:${identity.name}`;
  }
}
