/** What a member does not do yet; said for every operation that works and takes it. */
export interface MemberFact {
  /** `Shape.member` of the model; each must be there. */
  readonly members: readonly string[];
  readonly says: string;
  /** What Berth lacks (`LATER`) without which they can have none. */
  readonly awaits?: string;
}

/** Members that are checked, kept and given back, and that change nothing. */
export const WITHOUT_EFFECT: readonly MemberFact[] = [
  { members: ["BatchGetImageRequest.acceptedMediaTypes"], says: "Checked. Nothing is converted." },
  {
    members: ["ImageScanningConfiguration.scanOnPush"],
    awaits: "scans no images",
    says: "Kept and given back. Nothing scans yet.",
  },
  {
    members: ["EncryptionConfiguration.encryptionType", "EncryptionConfiguration.kmsKey"],
    says: "Kept and given back, with a default key where KMS has none. What is stored is encrypted as `BERTH_S3_ENCRYPTION` says, alike for all repositories.",
  },
  {
    members: [
      "EncryptionConfigurationForRepositoryCreationTemplate.encryptionType",
      "EncryptionConfigurationForRepositoryCreationTemplate.kmsKey",
    ],
    says: "Kept and given back, and given to the repositories that are made by it, where it has no effect either.",
  },
  {
    members: [
      "CreateRepositoryCreationTemplateRequest.customRoleArn",
      "UpdateRepositoryCreationTemplateRequest.customRoleArn",
    ],
    says: "Kept and given back. Whoever pushes needs `ecr:CreateRepository`; no role is assumed.",
  },
];

/** What an operation that works does otherwise than on AWS, by its name. */
export const OTHERWISE: Readonly<Record<string, string>> = {
  GetAccountSetting: "`BLOB_MOUNTING` is `ENABLED` unless it was put.",
  PutAccountSetting: "`BASIC_SCAN_TYPE_VERSION` is kept and given back. Nothing scans yet.",
  BatchDeleteImage: "One call may name an index and what it lists: the index goes first.",
  BatchGetImage:
    "Nothing is converted, whatever `acceptedMediaTypes` says: what is stored comes back, byte for byte. One call gets manifests of at most 8 MiB together.",
  DescribeImages:
    "`lastRecordedPullTime` is up to an hour old. The pull of an index is that of the index alone; what it lists has pulls of its own by tag, or by digest where the index is not pulled. An image is shown with 10,000 tags at most, and one call by `imageIds` describes images of 100,000.",
  GetAuthorizationToken: "The token ends with the credentials that asked for it, if that is earlier.",
  BatchCheckLayerAvailability:
    "`mediaType` is what an image of the repository says; a layer that none names has none.",
  GetDownloadUrlForLayer:
    "The URL is good for 20 minutes, and for nothing once the repository lacks the layer, unless it is one of S3.",
  InitiateLayerUpload:
    "The upload is a session of the registry side as well: the same principal may go on with it there. It ends after `BERTH_UPLOAD_EXPIRY` without a part.",
  UploadLayerPart: "The part that was accepted last may be sent again.",
  CompleteLayerUpload:
    "`sha512` digests are taken too. Completing the same upload again succeeds as long as its layer is there.",
  ListImageReferrers: "Takes `ecr:BatchGetImage`, as on AWS, or `ecr:ListImageReferrers`.",
  CreateRepositoryCreationTemplate:
    "`CREATE_ON_PUSH` has effect; nothing is replicated or cached yet. Where `BERTH_AUTO_CREATE` is on, a push to what no template covers creates a repository with the defaults.",
  ListImages: "Every image is `ACTIVE`: there are none of another `imageStatus`.",
  GetLifecyclePolicyPreview: "Results are shown for 24 hours, then the status is `EXPIRED`.",
  StartLifecyclePolicyPreview:
    "The preview is complete when the answer comes, which says `IN_PROGRESS` as on AWS. A process makes four at a time.",
  PutLifecyclePolicy:
    "Runs follow a put within seconds, and then each `BERTH_LIFECYCLE_INTERVAL`. An index, what it lists and what refers to them are one image, unless `BERTH_LIFECYCLE_UNIT=strict`. A transition to the archive is accepted and has no effect yet.",
  SetRepositoryPolicy: "A policy may name its own repository, or `*`, as `Resource`.",
};
