import type { DescribeImagesFilter } from "../../../aws-models/ecr.types.ts";
import type { RepositoryName } from "../../../registry/names.ts";
import { describeRepository } from "../../../registry/repositories/describe.ts";
import type { Scope } from "../../../registry/scope.ts";
import type { EcrPorts } from "./ports.ts";

/** Whether a filter lets active images through, which all are here: none is archived. */
export function isActive(status: DescribeImagesFilter["imageStatus"]): boolean {
  return status === undefined || status === "ACTIVE" || status === "ANY";
}

/** The images of a repository that are not active. @throws RegistryError NAME_UNKNOWN */
export async function noImages(
  ports: Pick<EcrPorts, "repositories">,
  scope: Scope,
  name: RepositoryName,
): Promise<[]> {
  await describeRepository(ports, scope, name);
  return [];
}
