import { globMatches, wildcardGlob } from "./glob.ts";
import { Steps } from "./steps.ts";

/** Operations of ECR: each is an action of that name, but ListImageReferrers, which BatchGetImage lets as well. */
const ECR_OPERATIONS = `
  BatchCheckLayerAvailability BatchDeleteImage BatchGetImage BatchGetRepositoryScanningConfiguration
  CompleteLayerUpload CreatePullThroughCacheRule CreateRepository CreateRepositoryCreationTemplate
  DeleteLifecyclePolicy DeletePullThroughCacheRule DeleteRegistryPolicy DeleteRepository
  DeleteRepositoryCreationTemplate DeleteRepositoryPolicy DeleteSigningConfiguration
  DeregisterPullTimeUpdateExclusion DescribeImageReplicationStatus DescribeImageScanFindings
  DescribeImageSigningStatus DescribeImages DescribePullThroughCacheRules DescribeRegistry
  DescribeReplicationBackfillResults DescribeRepositories DescribeRepositoryCreationTemplates GetAccountSetting
  GetAuthorizationToken GetDownloadUrlForLayer GetLifecyclePolicy GetLifecyclePolicyPreview GetRegistryPolicy
  GetRegistryScanningConfiguration GetRepositoryPolicy GetSigningConfiguration InitiateLayerUpload
  ListImageReferrers ListImages ListPullTimeUpdateExclusions ListReplicationBackfills ListTagsForResource
  PutAccountSetting PutImage PutImageScanningConfiguration PutImageTagMutability PutLifecyclePolicy
  PutRegistryPolicy PutRegistryScanningConfiguration PutReplicationConfiguration PutSigningConfiguration
  RegisterPullTimeUpdateExclusion SetRepositoryPolicy StartImageScan StartLifecyclePolicyPreview
  StartReplicationBackfill StopReplicationBackfill TagResource UntagResource UpdateImageStorageClass
  UpdatePullThroughCacheRule UpdateRepositoryCreationTemplate UploadLayerPart ValidatePullThroughCacheRule
`;
/** Actions of ECR that are no operations (Service Authorization Reference, "permission only"). */
const ECR_PERMISSIONS = "BatchImportUpstreamImage GetImageCopyStatus ReplicateImage";
const STS_ACTIONS = `
  AssumeRole AssumeRoleWithSAML AssumeRoleWithWebIdentity AssumeRoot DecodeAuthorizationMessage GetAccessKeyInfo
  GetCallerIdentity GetDelegatedAccessToken GetFederationToken GetServiceBearerToken GetSessionToken
  GetWebIdentityToken SetContext SetSourceIdentity TagGetWebIdentityToken TagSession
`;
const BERTH_ACTIONS = `
  CreateWebhook DeleteWebhook ExplainAccess GetUsage ListEvents ListWebhookDeliveries ListWebhooks
  ReplayWebhookDeliveries TestWebhook
`;

/** Every action of the services whose actions are all known here, in lower case. */
const KNOWN: ReadonlyMap<string, ReadonlySet<string>> = new Map([
  ["ecr", actionsOf("ecr", `${ECR_OPERATIONS} ${ECR_PERMISSIONS}`)],
  ["sts", actionsOf("sts", STS_ACTIONS)],
  ["berth", actionsOf("berth", BERTH_ACTIONS)],
]);

function actionsOf(service: string, names: string): ReadonlySet<string> {
  const named = names.split(/\s+/).filter((name) => name !== "");
  return new Set(named.map((name) => `${service}:${name.toLowerCase()}`));
}

/**
 * Those of the actions, as written, that mean none of their service's: misspelt ones, most likely. AWS takes them in
 * policies, where they match nothing. Of services that are not known here every action may be one.
 * @throws StepsExceededError
 */
export function unknownActions(written: readonly string[], steps: Steps = new Steps()): readonly string[] {
  return written.filter((action) => {
    const pattern = action.toLowerCase();
    const known = KNOWN.get(pattern.slice(0, Math.max(pattern.indexOf(":"), 0)));
    return known !== undefined && !means(pattern, known, steps);
  });
}

function means(pattern: string, known: ReadonlySet<string>, steps: Steps): boolean {
  const glob = wildcardGlob(pattern);
  if (glob.exact !== undefined) return known.has(glob.exact);
  for (const action of known) {
    steps.take(1);
    if (globMatches(glob, action, steps)) return true;
  }
  return false;
}
