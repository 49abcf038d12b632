/** Every `detail-type` that Berth tells of changes. */
export const DETAIL_TYPES = [
  "ECR Image Action",
  "ECR Referrer Action",
  "AWS API Call via CloudTrail",
] as const;

export type DetailType = (typeof DETAIL_TYPES)[number];
