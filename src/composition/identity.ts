import { CasbinDecider } from "../adapters/casbin/decider.ts";
import { postgresAuditLog } from "../adapters/postgres/audit/log.ts";
import {
  postgresCredentials,
  postgresIdentity,
  postgresKeyUsage,
  postgresPrincipalPolicies,
  postgresSigningKeys,
  readAwsPolicies,
} from "../adapters/postgres/iam/index.ts";
import { postgresResourcePolicies } from "../adapters/postgres/iam/resource-policies.ts";
import { AuditRecorder } from "../audit/recorder.ts";
import type { Config } from "../config.ts";
import { UPLOAD_GRACE } from "../http/access/authenticate.ts";
import { AccountVersions } from "../iam/access/account-versions.ts";
import { CredentialAuthenticator } from "../iam/access/credential-authenticator.ts";
import { PolicyAuthorizer } from "../iam/access/policy-authorizer.ts";
import { ResourcePolicyCache } from "../iam/access/resource-policies.ts";
import type { Authorizer } from "../iam/authorizer.ts";
import { RecordingAuthorizer } from "../iam/explain/denials.ts";
import { LoginGuard } from "../iam/logins/login-guard.ts";
import { recordLogin } from "../iam/logins/login-record.ts";
import type { AwsPolicies } from "../iam/principals/aws-policies.ts";
import type { IdentityStore } from "../iam/principals/ports/index.ts";
import { PrincipalPolicyCache } from "../iam/principals/principal-policy-cache.ts";
import { StoredPolicies } from "../iam/principals/stored-policies.ts";
import type { KeyUse } from "../iam/principals/usage.ts";
import { keyUsageWriter } from "../iam/principals/usage.ts";
import { type IssuedToken, recordIssue } from "../iam/tokens/issue-record.ts";
import { RegistryTokens } from "../iam/tokens/registry-token.ts";
import { SigningKeys } from "../iam/tokens/signing-keys.ts";
import type { Log } from "../log.ts";
import { FewLabels, type Metrics } from "../metrics.ts";
import { type Batches, batchEvents } from "./batches.ts";
import type { State } from "./state.ts";

/** Everything that knows who someone is and what they may do. */
export interface Access {
  readonly authenticator: CredentialAuthenticator;
  readonly logins: LoginGuard;
  readonly authorizer: Authorizer;
  readonly audit: AuditRecorder;
  readonly tokens: RegistryTokens;
  readonly signingKeys: SigningKeys;
  readonly credentials: ReturnType<typeof postgresCredentials>;
  /** The accounts of this process, by what their decisions rest on. */
  readonly versions: AccountVersions;
  readonly identity: IdentityStore;
  readonly shipped: AwsPolicies;
  readonly stored: StoredPolicies;
  /** Of principals, as the database has them, and as this process remembers them. */
  readonly policies: ReturnType<typeof postgresPrincipalPolicies>;
  readonly principals: PrincipalPolicyCache;
  readonly decider: CasbinDecider;
  readonly policyAuthorizer: PolicyAuthorizer;
  /** Told of every token that was handed out. */
  onIssue(issued: IssuedToken): void;
  /** Told of every use of a key. */
  noteUse(use: Omit<KeyUse, "at">): void;
  /** The public keys; there is always one. */
  jwks(): Promise<unknown>;
  /** What is only in memory yet, by what it is. */
  readonly batches: Batches;
  /** Writes it out. */
  close(): Promise<void>;
}

export function composeAccess(config: Config, state: State, log: Log, metrics: Metrics): Access {
  const loginCounts = metrics.counter(
    "berth_logins_total",
    "Proofs of who somebody is, by door and outcome.",
  );
  const [doors, outcomes] = [new FewLabels("door"), new FewLabels("outcome")];
  const { database, clock, masterKey } = state;
  const audit = new AuditRecorder(postgresAuditLog(database), clock, batchEvents("audit", log));
  const logins = new LoginGuard(
    (event) => recordLogin(audit, config.account, event),
    (door, outcome) => loginCounts.add(1, `${doors.of(door)},${outcomes.of(outcome)}`),
  );
  const onIssue = (issued: IssuedToken): void => recordIssue(audit, issued);
  const decider = new CasbinDecider();
  const shipped = readAwsPolicies();
  const stored = new StoredPolicies((found) => log.warn("a stored policy cannot be read", { ...found }));
  const policies = postgresPrincipalPolicies(database, shipped, stored, config.organizations);
  const principals = new PrincipalPolicyCache(policies, clock);
  const versions = new AccountVersions(policies);
  const resources = new ResourcePolicyCache(postgresResourcePolicies(database), stored);
  // Whether a session is over is for the doors to say, which let an upload that it began finish for a while.
  const lenient = { now: () => new Date(clock.now().getTime() - UPLOAD_GRACE) };
  const policyAuthorizer = new PolicyAuthorizer(
    { versions, principals: new PrincipalPolicyCache(policies, lenient), resources, region: config.region },
    decider,
  );
  const authorizer = new RecordingAuthorizer(policyAuthorizer, audit);
  const credentials = postgresCredentials(database, masterKey);
  const signingKeys = new SigningKeys(postgresSigningKeys(database), masterKey, clock);
  const tokens = new RegistryTokens(signingKeys, clock);
  const usage = keyUsageWriter(postgresKeyUsage(database), batchEvents("key-usage", log));
  const noteUse: Access["noteUse"] = (use) => void usage.add({ ...use, at: clock.now() });
  const identity = postgresIdentity(database);
  const authenticator = new CredentialAuthenticator({
    ...{ credentials, tokens, versions, clock },
    onUse: (accessKeyId) => noteUse({ accessKeyId, service: "ecr", region: config.region }),
  });
  return {
    ...{ authenticator, logins, authorizer, audit },
    ...{ onIssue, noteUse, credentials, tokens, signingKeys, versions },
    ...{ identity, shipped, stored, policies, principals, decider, policyAuthorizer },
    async jwks() {
      await signingKeys.signing();
      return signingKeys.jwks();
    },
    batches: { audit: audit.writer, "key-usage": usage },
    async close() {
      await Promise.all([audit.close(), usage.close()]);
    },
  };
}
