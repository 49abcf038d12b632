/** What a call needs: any one of `actions`, on the ARN of the repository it names or on the whole registry. */
export interface Permission {
  readonly actions: readonly string[];
  readonly resource: "repository" | "registry";
}

/** What a scoped token calls a kind of call (Docker token specification, "scope"). */
export type ScopeAction = "pull" | "push" | "delete" | "*";

const onRepository = (...actions: string[]): Permission => ({ actions, resource: "repository" });

/**
 * Every call of every door and the permission it takes (ECR's own mapping of registry calls to actions).
 * A HEAD of a blob takes either of two, since roles that may only pull lack the first.
 */
export const PERMISSIONS = {
  getManifest: onRepository("ecr:BatchGetImage"),
  putManifest: onRepository("ecr:PutImage"),
  deleteManifest: onRepository("ecr:BatchDeleteImage"),
  headBlob: onRepository("ecr:BatchCheckLayerAvailability", "ecr:GetDownloadUrlForLayer"),
  getBlob: onRepository("ecr:GetDownloadUrlForLayer"),
  deleteBlob: onRepository("ecr:BatchDeleteImage"),
  /** Beside `patchUpload` and `completeUpload` where the bytes come with it. */
  startUpload: onRepository("ecr:InitiateLayerUpload"),
  /** On the source of a mount, beside `startUpload` and `completeUpload` on the target. */
  mountFrom: onRepository("ecr:GetDownloadUrlForLayer"),
  patchUpload: onRepository("ecr:UploadLayerPart"),
  getUpload: onRepository("ecr:UploadLayerPart"),
  cancelUpload: onRepository("ecr:UploadLayerPart"),
  /** Beside `patchUpload` where it carries the last bytes. */
  completeUpload: onRepository("ecr:CompleteLayerUpload"),
  listTags: onRepository("ecr:ListImages"),
  listReferrers: onRepository("ecr:BatchGetImage"),
  /** On each repository that the catalog shows. */
  listRepositories: { actions: ["ecr:DescribeRepositories"], resource: "registry" },
  /** Beside the permission of a push to a repository that does not exist yet. */
  createRepository: onRepository("ecr:CreateRepository"),
} as const satisfies Readonly<Record<string, Permission>>;

export type Call = keyof typeof PERMISSIONS;

/** The scope that a narrowed token must have for a call. */
export const SCOPE_ACTIONS: Readonly<Record<Call, ScopeAction>> = {
  ...{ getManifest: "pull", headBlob: "pull", getBlob: "pull", listTags: "pull", listReferrers: "pull" },
  ...{ mountFrom: "pull", putManifest: "push", startUpload: "push", patchUpload: "push", getUpload: "push" },
  ...{ cancelUpload: "push", completeUpload: "push", createRepository: "push" },
  ...{ deleteManifest: "delete", deleteBlob: "delete", listRepositories: "*" },
};

/** What `docker login` takes: the permission to get a token. A denial of it closes the registry's door to a key, too. */
export const LOGIN_ACTION = "ecr:GetAuthorizationToken";

/** What Berth's own API asks for, on everything of the caller's account (`*`). */
export const OWN_ACTIONS = {
  explain: "berth:ExplainAccess",
  listEvents: "berth:ListEvents",
  getUsage: "berth:GetUsage",
  createWebhook: "berth:CreateWebhook",
  listWebhooks: "berth:ListWebhooks",
  deleteWebhook: "berth:DeleteWebhook",
  testWebhook: "berth:TestWebhook",
  listWebhookDeliveries: "berth:ListWebhookDeliveries",
  replayWebhookDeliveries: "berth:ReplayWebhookDeliveries",
} as const satisfies Readonly<Record<string, string>>;

/** ARN of a repository, from the request alone: it need not exist. */
export function repositoryArn(account: string, region: string, name: string): string {
  return `arn:aws:ecr:${region}:${account}:repository/${name}`;
}
