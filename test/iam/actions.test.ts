import { expect, test } from "vitest";
import { type Call, PERMISSIONS, repositoryArn } from "../../src/iam/actions.ts";

/** The IAM actions that ECR asks for the same calls ("Actions defined by Amazon ECR"). */
const EXPECTED = {
  getManifest: ["repository", "ecr:BatchGetImage"],
  putManifest: ["repository", "ecr:PutImage"],
  deleteManifest: ["repository", "ecr:BatchDeleteImage"],
  headBlob: ["repository", "ecr:BatchCheckLayerAvailability", "ecr:GetDownloadUrlForLayer"],
  getBlob: ["repository", "ecr:GetDownloadUrlForLayer"],
  deleteBlob: ["repository", "ecr:BatchDeleteImage"],
  startUpload: ["repository", "ecr:InitiateLayerUpload"],
  mountFrom: ["repository", "ecr:GetDownloadUrlForLayer"],
  patchUpload: ["repository", "ecr:UploadLayerPart"],
  getUpload: ["repository", "ecr:UploadLayerPart"],
  cancelUpload: ["repository", "ecr:UploadLayerPart"],
  completeUpload: ["repository", "ecr:CompleteLayerUpload"],
  listTags: ["repository", "ecr:ListImages"],
  listReferrers: ["repository", "ecr:BatchGetImage"],
  listRepositories: ["registry", "ecr:DescribeRepositories"],
  createRepository: ["repository", "ecr:CreateRepository"],
} satisfies Record<Call, readonly [string, ...string[]]>;

test.each(Object.entries(EXPECTED) as [Call, string[]][])("%s takes %j", (call, [resource, ...actions]) => {
  expect(PERMISSIONS[call]).toEqual({ resource, actions });
});

test("every call has a permission, and none another", () => {
  expect(Object.keys(PERMISSIONS).sort()).toEqual(Object.keys(EXPECTED).sort());
});

test("a repository has an ARN whether it exists or not", () => {
  expect(repositoryArn("123456789012", "eu-north-1", "team/app")).toBe(
    "arn:aws:ecr:eu-north-1:123456789012:repository/team/app",
  );
});
