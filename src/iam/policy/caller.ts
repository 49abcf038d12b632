/** Who makes a request, as policies see it. */
export type Caller = IdentityCaller | FederatedCaller | ServiceCaller | AnonymousCaller;

/** A caller that belongs to an account and has identity policies there. */
export type IdentityCaller = RootCaller | UserCaller | SessionCaller | FederatedUserCaller;

/** `arn:aws:iam::<account>:root`. */
export interface RootCaller {
  readonly kind: "root";
  readonly account: string;
  readonly arn: string;
}

/** A user, also with the temporary credentials of GetSessionToken. */
export interface UserCaller {
  readonly kind: "user";
  readonly account: string;
  /** `arn:aws:iam::<account>:user/<path and name>`. */
  readonly arn: string;
}

/** A session of an assumed role. */
export interface SessionCaller {
  readonly kind: "session";
  readonly account: string;
  /** `arn:aws:sts::<account>:assumed-role/<role name>/<session name>`. */
  readonly arn: string;
  /** `arn:aws:iam::<account>:role/<path and name>`: the session ARN lacks the path. */
  readonly role: string;
}

/** Somebody that a user or root vouches for under a name (STS, GetFederationToken). */
export interface FederatedUserCaller {
  readonly kind: "federated-user";
  readonly account: string;
  /** `arn:aws:sts::<account>:federated-user/<name>`. */
  readonly arn: string;
  /** ARN of the user who vouches; undefined for the root. */
  readonly user: string | undefined;
}

/** Whoever holds a token of an identity provider, before a role is assumed: meets trust policies only. */
export interface FederatedCaller {
  readonly kind: "federated";
  /** ARN of the provider, as trust policies name it. */
  readonly provider: string;
}

/** A service acting by itself, like replication into a registry. */
export interface ServiceCaller {
  readonly kind: "service";
  /** Like `replication.ecr.amazonaws.com`. */
  readonly service: string;
}

export interface AnonymousCaller {
  readonly kind: "anonymous";
}

/** The account that a caller belongs to; undefined for those that belong to none. */
export function accountOf(caller: Caller): string | undefined {
  return "account" in caller ? caller.account : undefined;
}

/** The name of a caller in messages. */
export function callerName(caller: Caller): string {
  switch (caller.kind) {
    case "anonymous":
      return "anonymous";
    case "service":
      return caller.service;
    case "federated":
      return caller.provider;
    default:
      return caller.arn;
  }
}
