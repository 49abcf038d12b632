import type { UpdateRepositoryCreationTemplateRequest } from "../../../aws-models/ecr.types.ts";
import type { WantedTemplate } from "../../../registry/templates/draft.ts";

/** What the caller says of a template; creations and changes have the same members. */
export function wantedTemplate(input: UpdateRepositoryCreationTemplateRequest): WantedTemplate {
  const { prefix, description, appliedFor, repositoryPolicy, lifecyclePolicy, customRoleArn } = input;
  const { encryptionType: type, kmsKey } = input.encryptionConfiguration ?? {};
  return {
    ...{ prefix, description, appliedFor, repositoryPolicy, lifecyclePolicy, customRoleArn },
    tagMutability: input.imageTagMutability,
    exclusionFilters: input.imageTagMutabilityExclusionFilters?.map(({ filter }) => filter),
    encryption: type === undefined ? undefined : { type, kmsKey },
    tags: input.resourceTags?.map(({ Key: key, Value: value }) => ({ key, value })),
  };
}
