import { expect, test } from "vitest";
import { loadModel, SERVICES } from "../../../src/aws-models/model.ts";
import { ecrHandlers } from "../../../src/http/aws/ecr/index.ts";
import type { EcrPorts } from "../../../src/http/aws/ecr/ports.ts";
import { missingOperations } from "../../../src/http/aws/handlers.ts";
import { OPERATION_PERMISSIONS } from "../../../src/iam/actions.ts";

const ecr = await loadModel("ecr");
const handlers = { ecr: ecrHandlers({} as EcrPorts) };

/** What a client is told "is not implemented here". An operation that gets its handler leaves this list. */
test("operations of ECR without a handler", () => {
  expect(missingOperations(ecr, handlers, "ecr")).toMatchInlineSnapshot(`
    [
      "BatchCheckLayerAvailability",
      "BatchDeleteImage",
      "BatchGetImage",
      "BatchGetRepositoryScanningConfiguration",
      "CompleteLayerUpload",
      "CreatePullThroughCacheRule",
      "CreateRepositoryCreationTemplate",
      "DeleteLifecyclePolicy",
      "DeletePullThroughCacheRule",
      "DeleteRepositoryCreationTemplate",
      "DeleteSigningConfiguration",
      "DeregisterPullTimeUpdateExclusion",
      "DescribeImageReplicationStatus",
      "DescribeImageScanFindings",
      "DescribeImageSigningStatus",
      "DescribeImages",
      "DescribePullThroughCacheRules",
      "DescribeRegistry",
      "DescribeReplicationBackfillResults",
      "DescribeRepositoryCreationTemplates",
      "GetAccountSetting",
      "GetDownloadUrlForLayer",
      "GetLifecyclePolicy",
      "GetLifecyclePolicyPreview",
      "GetRegistryScanningConfiguration",
      "GetSigningConfiguration",
      "InitiateLayerUpload",
      "ListImageReferrers",
      "ListImages",
      "ListPullTimeUpdateExclusions",
      "ListReplicationBackfills",
      "ListTagsForResource",
      "PutAccountSetting",
      "PutImage",
      "PutImageScanningConfiguration",
      "PutImageTagMutability",
      "PutLifecyclePolicy",
      "PutRegistryScanningConfiguration",
      "PutReplicationConfiguration",
      "PutSigningConfiguration",
      "RegisterPullTimeUpdateExclusion",
      "StartImageScan",
      "StartLifecyclePolicyPreview",
      "StartReplicationBackfill",
      "StopReplicationBackfill",
      "TagResource",
      "UntagResource",
      "UpdateImageStorageClass",
      "UpdatePullThroughCacheRule",
      "UpdateRepositoryCreationTemplate",
      "UploadLayerPart",
      "ValidatePullThroughCacheRule",
    ]
  `);
});

test.each(SERVICES)("every handler of %s belongs to an operation of its model", async (service) => {
  const model = await loadModel(service);
  const names = Object.keys((handlers as Record<string, object>)[service] ?? {});
  expect(names.filter((name) => !Object.hasOwn(model.operations, name))).toEqual([]);
});

test("every handler of ECR has its permission in the one table", () => {
  for (const name of Object.keys(handlers.ecr)) expect(OPERATION_PERMISSIONS).toHaveProperty([`ecr.${name}`]);
});

test("ECR's actions are called like their operations", () => {
  for (const [name, { actions }] of Object.entries(OPERATION_PERMISSIONS)) {
    if (name.startsWith("ecr.")) expect(actions).toEqual([name.replace(".", ":")]);
  }
});
