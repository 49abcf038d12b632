import type { AuditRecorder } from "../../audit/recorder.ts";
import type { Clock } from "../../registry/clock.ts";
import type { MasterKey } from "../master-key.ts";
import type { MfaAttempts } from "../mfa/prove.ts";
import type { RegisteredIssuer } from "../oidc/issuer-keys.ts";
import type { VerifiedToken } from "../oidc/verified-token.ts";
import type { PolicyDecider } from "../policy/port.ts";
import type { AwsPolicies } from "../principals/aws-policies.ts";
import type { IdentityStore } from "../principals/ports/index.ts";
import type { PrincipalPolicyCache } from "../principals/principal-policy-cache.ts";
import type { StoredPolicies } from "../principals/stored-policies.ts";
import type { SessionStore } from "./session.ts";

/** Proves a token of an identity provider. */
export interface WebIdentityVerifier {
  /**
   * `audiences` are those that the token may be for.
   * @throws IamError for a token that proves nothing, or a provider that does not answer as it must
   */
  verify(
    token: string,
    issuer: RegisteredIssuer,
    audiences: readonly string[],
    now: Date,
  ): Promise<VerifiedToken>;
}

/** What STS works with. */
export interface StsPorts {
  readonly identity: IdentityStore;
  readonly sessions: SessionStore;
  readonly policies: PrincipalPolicyCache;
  readonly aws: AwsPolicies;
  readonly stored: StoredPolicies;
  readonly decider: PolicyDecider;
  readonly masterKey: MasterKey;
  readonly mfa: MfaAttempts;
  readonly webIdentity: WebIdentityVerifier;
  readonly clock: Clock;
  /** Keeps refusals of who proves who they are by a token, and not by a key. */
  readonly denials: Pick<AuditRecorder, "noteDenial">;
}
