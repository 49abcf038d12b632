import { CasbinDecider } from "../adapters/casbin/decider.ts";
import { providerFetch } from "../adapters/oidc/fetch-json.ts";
import { postgresAuditLog } from "../adapters/postgres/audit/log.ts";
import {
  postgresCredentials,
  postgresIdentity,
  postgresKeyUsage,
  postgresMfaAttempts,
  postgresPrincipalPolicies,
  postgresSessions,
  postgresSigningKeys,
  readAwsPolicies,
} from "../adapters/postgres/iam/index.ts";
import { postgresResourcePolicies } from "../adapters/postgres/iam/resource-policies.ts";
import { postgresPolicies } from "../adapters/postgres/policies.ts";
import { postgresRegistries } from "../adapters/postgres/registries.ts";
import { postgresRepositories } from "../adapters/postgres/repositories.ts";
import { AuditRecorder } from "../audit/recorder.ts";
import type { Config } from "../config.ts";
import { UPLOAD_GRACE } from "../http/access/authenticate.ts";
import { BearerHosts } from "../http/access/bearer-hosts.ts";
import { type AwsDoor, openAwsDoor } from "../http/aws/door.ts";
import { ecrHandlers } from "../http/aws/ecr/index.ts";
import { iamHandlers } from "../http/aws/iam/index.ts";
import { PageTokens } from "../http/aws/page-tokens.ts";
import { stsHandlers } from "../http/aws/sts/index.ts";
import { type ExplainDoor, openExplainDoor } from "../http/explain/door.ts";
import { openTokenDoor, type TokenDoor } from "../http/token/door.ts";
import { RefreshTokens } from "../http/token/refresh-tokens.ts";
import { AccountVersions } from "../iam/access/account-versions.ts";
import { CredentialAuthenticator } from "../iam/access/credential-authenticator.ts";
import { PolicyAuthorizer } from "../iam/access/policy-authorizer.ts";
import { ResourcePolicyRules } from "../iam/access/policy-rules.ts";
import { ResourcePolicyCache } from "../iam/access/resource-policies.ts";
import type { Authorizer } from "../iam/authorizer.ts";
import { RecordingAuthorizer } from "../iam/explain/denials.ts";
import { LoginGuard } from "../iam/logins/login-guard.ts";
import { recordLogin } from "../iam/logins/login-record.ts";
import { IssuerHosts } from "../iam/oidc/issuer-hosts.ts";
import { IssuerKeys } from "../iam/oidc/issuer-keys.ts";
import { OidcVerifier } from "../iam/oidc/verify.ts";
import { PrincipalPolicyCache } from "../iam/principals/principal-policy-cache.ts";
import { StoredPolicies } from "../iam/principals/stored-policies.ts";
import { keyUsageWriter } from "../iam/principals/usage.ts";
import { SignatureVerifier } from "../iam/sigv4/verify.ts";
import { type IssuedToken, recordIssue } from "../iam/tokens/issue-record.ts";
import { RegistryTokens } from "../iam/tokens/registry-token.ts";
import { SigningKeys } from "../iam/tokens/signing-keys.ts";
import type { Log } from "../log.ts";
import { label, type Metrics } from "../metrics.ts";
import { Scopes } from "../registry/scopes.ts";
import { type Batches, batchEvents } from "./batches.ts";
import { composeExplainer } from "./explainer.ts";
import { registryHosts } from "./registry-hosts.ts";
import type { State } from "./state.ts";

/** Everything that knows who someone is and what they may do. */
export interface Access {
  readonly authenticator: CredentialAuthenticator;
  readonly logins: LoginGuard;
  readonly authorizer: Authorizer;
  readonly audit: AuditRecorder;
  readonly tokens: RegistryTokens;
  readonly signingKeys: SigningKeys;
  readonly aws: AwsDoor;
  readonly bearer: BearerHosts;
  readonly token: TokenDoor;
  readonly explain: ExplainDoor;
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
  const { database, clock, masterKey } = state;
  const audit = new AuditRecorder(postgresAuditLog(database), clock, batchEvents("audit", log));
  const logins = new LoginGuard(
    (event) => recordLogin(audit, config.account, event),
    (door, outcome) => loginCounts.add(1, `${label("door", door)},${label("outcome", outcome)}`),
  );
  const onIssue = (issued: IssuedToken): void => recordIssue(audit, issued);
  const decider = new CasbinDecider();
  const shipped = readAwsPolicies();
  const stored = new StoredPolicies((found) => log.warn("a stored policy cannot be read", { ...found }));
  const policies = postgresPrincipalPolicies(database, shipped, stored);
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
  const noteUse = (accessKeyId: string, service: string): void =>
    void usage.add({ accessKeyId, at: clock.now(), service, region: config.region });
  const identity = postgresIdentity(database);
  const issuerHosts = new IssuerHosts(config.oidcPrivateHosts);
  const resourcePolicyRules = new ResourcePolicyRules(policyAuthorizer);
  const pageTokens = new PageTokens(masterKey.derive("page tokens"));
  const aws = openAwsDoor({
    logins,
    onChange: (account) => versions.forget(account),
    verifier: new SignatureVerifier({
      async find(accessKeyId) {
        const credential = await credentials.find(accessKeyId);
        if (credential !== undefined) noteUse(accessKeyId, "api");
        return credential;
      },
    }),
    ...{ authorizer, clock, regions: [config.region] },
    defaultRegistry: { account: config.account, region: config.region },
    handlers: {
      ecr: ecrHandlers({
        scopes: new Scopes(postgresRegistries(database)),
        repositories: postgresRepositories(database),
        policies: postgresPolicies(database),
        ...{ policyRules: resourcePolicyRules, lockOutRule: resourcePolicyRules, clock },
        tokens: {
          lifetime: config.tokenLifetime / 1000,
          onIssue,
          async issueToken({ accessKeyId, account }, expiresAt) {
            const { region } = config;
            return (await tokens.issue({ accessKeyId, account, region, access: undefined, expiresAt })).token;
          },
        },
        hosts: registryHosts(config),
        pageTokens,
      }),
      iam: iamHandlers({
        ...{ identity, aws: shipped, masterKey, tokens: pageTokens, policies, decider, issuerHosts },
      }),
      sts: stsHandlers({
        ...{ identity, sessions: postgresSessions(database), policies: principals, aws: shipped, stored },
        ...{ decider, masterKey, clock, denials: audit, mfa: postgresMfaAttempts(database) },
        webIdentity: new OidcVerifier(
          new IssuerKeys(providerFetch({ hosts: issuerHosts, authorities: config.oidcAuthorities })),
          (issuer, error) =>
            log.warn("an identity provider could not be asked", { issuer, error: error.message }),
        ),
      }),
    },
  });
  const authenticator = new CredentialAuthenticator({
    ...{ credentials, tokens, versions, clock },
    onUse: (accessKeyId) => noteUse(accessKeyId, "ecr"),
  });
  const bearer = new BearerHosts(config.bearer);
  const token = openTokenDoor({
    ...{ authenticator, logins, authorizer, credentials, tokens, clock, bearer },
    refreshTokens: new RefreshTokens(signingKeys, clock),
    defaultRegistry: { account: config.account, region: config.region },
    tokenLifetime: config.tokenLifetime,
    onIssue,
  });
  const explain = openExplainDoor({
    ...{ authenticator, logins, authorizer, clock },
    explainer: composeExplainer(config, state),
  });
  return {
    ...{ authenticator, logins, authorizer, audit },
    ...{ tokens, signingKeys, aws, bearer, token, explain },
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
