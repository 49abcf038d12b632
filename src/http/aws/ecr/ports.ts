import type { AuditRecord } from "../../../audit/audit-log.ts";
import type { RequestContext } from "../../../iam/authorizer.ts";
import type { AccountPrincipal } from "../../../iam/principal.ts";
import type { IssuedToken } from "../../../iam/tokens/issue-record.ts";
import type { LifecyclePolicyPorts } from "../../../lifecycle/policies.ts";
import type { PreviewPorts } from "../../../lifecycle/preview.ts";
import type { ManifestCache } from "../../../registry/manifests/pull.ts";
import type {
  ImageStore,
  ManifestStore,
  PullStore,
  RegistryPorts,
  RepositoryStore,
} from "../../../registry/ports/index.ts";
import type { AccountSettingPorts } from "../../../registry/repositories/account-settings.ts";
import type { PolicyPorts } from "../../../registry/repositories/policies.ts";
import type { ResourceTagPorts } from "../../../registry/repositories/tag-repository.ts";
import type { RegistryAddress } from "../../../registry/scope.ts";
import type { Scopes } from "../../../registry/scopes.ts";
import type { TemplatePorts } from "../../../registry/templates/templates.ts";
import type { LayerUrls } from "../../layers/layer-urls.ts";
import type { PageTokens } from "../page-tokens.ts";

/** Whether a principal could still set the policy of a repository that has this one. */
export interface LockOutRule {
  keepsAccess(
    principal: AccountPrincipal,
    text: string,
    repositoryArn: string,
    context: RequestContext,
  ): Promise<boolean>;
}

/** Passwords for the registry side. */
export interface TokenIssuer {
  /** Seconds that a token lives, unless the caller's own credentials end before. */
  readonly lifetime: number;
  /** A password without `:` that stands for the principal in a region until `expiresAt`. */
  issueToken(principal: AccountPrincipal, region: string, expiresAt: Date): Promise<string>;
  /** Hears of every token that somebody got. */
  onIssue(issued: IssuedToken): void;
}

/** Where clients find a registry: by the configured template, else at the origin under which the asking client came. */
export interface RegistryHosts {
  /** `<host>[:<port>]`: what stands before the repository's name in an image reference. */
  hostOf(registry: RegistryAddress, origin: string): string;
  /** `https://<host>[:<port>]`, without a path. */
  endpointOf(registry: RegistryAddress, origin: string): string;
}

/** What the operations of ECR work on. */
export interface EcrPorts
  extends PolicyPorts,
    TemplatePorts,
    ResourceTagPorts,
    AccountSettingPorts,
    LifecyclePolicyPorts {
  readonly lifecyclePreviews: PreviewPorts;
  readonly scopes: Pick<Scopes, "open">;
  readonly repositories: RepositoryStore;
  readonly images: ImageStore;
  /** What pushes and pulls work on, by whatever door they come. */
  readonly registry: RegistryPorts;
  readonly manifests: ManifestStore;
  readonly manifestCache: ManifestCache;
  readonly pulls: PullStore;
  readonly pullTimes: RegistryPorts["pullTimes"];
  /** Told of every manifest that was sent to a client; undefined where nobody wants to know. */
  readonly onPull: ((pull: AuditRecord) => void) | undefined;
  /** Of layers whose bytes clients cannot get from the storage itself. */
  readonly layerUrls: Pick<LayerUrls, "sign">;
  readonly lockOutRule: LockOutRule;
  readonly tokens: TokenIssuer;
  readonly hosts: RegistryHosts;
  readonly pageTokens: PageTokens;
}
