import type { Cause } from "../audit/cause.ts";
import { repositoryArn } from "../iam/actions.ts";
import type { Limit, Rule, TagRequirement } from "./policy.ts";
import type { ClaimedPolicy } from "./ports/run-store.ts";
import type { Verdict } from "./verdict.ts";

/** Tags of an image that a record names (CloudTrail's bound). */
const TAGS_NAMED = 100;

/**
 * Why a run deletes an image: the record of the audit log has the shape of CloudTrail's PolicyExecutionEvent, with the one
 * image and the one rule.
 */
export function executionCause(claimed: ClaimedPolicy, { image, rule }: Verdict): Cause {
  const { scope, name, runId, policyId, version, evaluatedAt } = claimed;
  const { account, region } = scope;
  const { tags, digest, pushedAt } = image;
  const serviceEventDetails = {
    repositoryName: name,
    lifecycleEventPolicy: {
      lifecycleEventRules: [presentRule(rule)],
      ...{ lastEvaluatedAt: evaluatedAt?.getTime() ?? 0, policyVersion: version, policyId },
    },
    lifecycleEventImageActions: [
      {
        lifecycleEventImage: {
          ...{ digest, tagStatus: tags.length === 0 ? "Untagged" : "Tagged" },
          ...{ tagList: tags.slice(0, TAGS_NAMED), pushedAt },
        },
        rulePriority: rule.priority,
      },
    ],
  };
  return {
    ...{
      account,
      principal: "berth",
      accessKeyId: undefined,
      requestId: runId,
      sourceIp: "",
      userAgent: "berth",
    },
    ...{ action: "ecr:PolicyExecutionEvent", resource: repositoryArn(account, region, name) },
    parameters: { serviceEventDetails },
    lifecycle: { policyId, policyVersion: version, rulePriority: rule.priority },
  };
}

function presentRule({ priority, description, tags, limit, action }: Rule): object {
  return {
    rulePriority: priority,
    ...(description === undefined ? {} : { description }),
    lifecycleEventSelection: {
      ...presentTags(tags),
      ...{ countType: COUNT_TYPES[limit.type], countNumber: limit.number },
      ...(limit.type === "imageCountMoreThan" ? {} : { countUnit: "Days" }),
    },
    action,
  };
}

function presentTags(tags: TagRequirement): object {
  if (tags.status !== "tagged") return { tagStatus: tags.status === "any" ? "Any" : "Untagged" };
  const list = tags.by === "prefix" ? "tagPrefixList" : "tagPatternList";
  return { tagStatus: "Tagged", [list]: tags.entries };
}

const COUNT_TYPES: Readonly<Record<Limit["type"], string>> = {
  imageCountMoreThan: "Image count more than",
  sinceImagePushed: "Since image pushed",
  sinceImagePulled: "Since image pulled",
  sinceImageTransitioned: "Since image transitioned",
};
