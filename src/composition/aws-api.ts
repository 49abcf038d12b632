import { providerFetch } from "../adapters/oidc/fetch-json.ts";
import { postgresAccountSettings } from "../adapters/postgres/account-settings.ts";
import { postgresMfaAttempts, postgresSessions } from "../adapters/postgres/iam/index.ts";
import { postgresLifecyclePolicies } from "../adapters/postgres/lifecycle/policies.ts";
import { postgresPreviews } from "../adapters/postgres/lifecycle/previews.ts";
import { postgresPolicies } from "../adapters/postgres/policies.ts";
import { postgresResourceTags } from "../adapters/postgres/resource-tags.ts";
import type { Config } from "../config.ts";
import { openAwsDoor } from "../http/aws/door.ts";
import { ecrHandlers } from "../http/aws/ecr/index.ts";
import type { TokenIssuer } from "../http/aws/ecr/ports.ts";
import { ecrPublicHandlers } from "../http/aws/ecr-public/index.ts";
import { iamHandlers } from "../http/aws/iam/index.ts";
import { PageTokens } from "../http/aws/page-tokens.ts";
import { stsHandlers } from "../http/aws/sts/index.ts";
import type { Door } from "../http/door.ts";
import type { LayerUrls } from "../http/layers/layer-urls.ts";
import { ResourcePolicyRules } from "../iam/access/policy-rules.ts";
import { IssuerKeys } from "../iam/oidc/issuer-keys.ts";
import { OidcVerifier } from "../iam/oidc/verify.ts";
import { SignatureVerifier } from "../iam/sigv4/verify.ts";
import type { TokenClaims } from "../iam/tokens/registry-token.ts";
import { PUBLIC_ACCESS } from "../iam/tokens/scopes.ts";
import { OutboundHosts } from "../kernel/outbound-hosts.ts";
import { Turns } from "../kernel/turns.ts";
import type { Log } from "../log.ts";
import type { ManifestCache } from "../registry/manifests/pull.ts";
import type { RegistryPorts } from "../registry/ports/index.ts";
import type { Scopes } from "../registry/scopes.ts";
import type { Access } from "./identity.ts";
import { registryHosts } from "./registry-hosts.ts";
import type { State } from "./state.ts";

/** What the AWS API works on beside identity. */
export interface AwsApiParts {
  readonly access: Access;
  readonly ports: RegistryPorts;
  readonly manifestCache: ManifestCache;
  readonly scopes: Scopes;
  readonly layerUrls: LayerUrls;
  readonly log: Log;
}

/** The AWS API: ECR, IAM and STS behind one door. */
export function composeAwsApi(
  config: Config,
  state: State,
  { access, ports, manifestCache, scopes, layerUrls, log }: AwsApiParts,
): Door {
  const { database, clock, masterKey } = state;
  const { audit, logins, authorizer, policyAuthorizer, credentials, versions, tokens, onIssue, noteUse } =
    access;
  const { identity, shipped, stored, policies, principals, decider } = access;
  const issuerHosts = new OutboundHosts(config.oidcPrivateHosts);
  const resourcePolicyRules = new ResourcePolicyRules(policyAuthorizer);
  const pageTokens = new PageTokens(masterKey.derive("page tokens"));
  const issuer = (granted: TokenClaims["access"]): TokenIssuer => ({
    lifetime: config.tokenLifetime / 1000,
    onIssue,
    async issueToken({ accessKeyId, account }, region, expiresAt) {
      return (await tokens.issue({ accessKeyId, account, region, access: granted, expiresAt })).token;
    },
  });
  return openAwsDoor({
    logins,
    onChange: (account) => versions.forget(account),
    verifier: new SignatureVerifier({
      async find(accessKeyId, region) {
        const credential = await credentials.find(accessKeyId);
        if (credential !== undefined) noteUse({ accessKeyId, service: "api", region });
        return credential;
      },
    }),
    ...{ authorizer, clock, regions: config.regions },
    defaultRegistry: { account: config.account, region: config.region },
    handlers: {
      ecr: ecrHandlers({
        ...{ scopes, repositories: ports.repositories, images: ports.images, manifests: ports.manifests },
        ...{ registry: ports, layerUrls, manifestCache, pulls: ports.pulls, pullTimes: ports.pullTimes },
        onPull: config.auditPulls ? (pull) => audit.note(pull) : undefined,
        policies: postgresPolicies(database),
        resourceTags: postgresResourceTags(database),
        accountSettings: postgresAccountSettings(database),
        templates: ports.templates,
        lifecyclePolicies: postgresLifecyclePolicies(database),
        lifecyclePreviews: {
          ...{ previews: postgresPreviews(database), clock, turns: new Turns(), unit: config.lifecycle.unit },
          running: { count: 0 },
        },
        ...{ policyRules: resourcePolicyRules, lockOutRule: resourcePolicyRules, clock },
        tokens: issuer(undefined),
        hosts: registryHosts(config),
        pageTokens,
      }),
      "ecr-public": ecrPublicHandlers({ tokens: issuer(PUBLIC_ACCESS) }),
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
}
