import type { RepositoryCreationTemplate } from "../../../aws-models/ecr.types.ts";
import type { RepositoryTemplate } from "../../../registry/ports/index.ts";
import { presentMutability } from "./present-repository.ts";

/** A repository creation template as every operation shows it. */
export function presentTemplate(template: RepositoryTemplate): RepositoryCreationTemplate {
  const { prefix, description, appliedFor, encryption, tags, createdAt, updatedAt } = template;
  return {
    ...{ prefix, description, appliedFor },
    encryptionConfiguration: { encryptionType: encryption.type, kmsKey: encryption.kmsKey },
    resourceTags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })),
    ...presentMutability(template),
    repositoryPolicy: template.repositoryPolicy,
    lifecyclePolicy: template.lifecyclePolicy,
    customRoleArn: template.customRoleArn,
    ...{ createdAt, updatedAt },
  };
}
