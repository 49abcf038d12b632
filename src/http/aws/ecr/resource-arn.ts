import { parseArn } from "../../../iam/policy/arn.ts";
import { RegistryError } from "../../../registry/errors.ts";
import { parseRepositoryName, type RepositoryName } from "../../../registry/names.ts";
import { repositoryUnknown } from "../../../registry/repositories/errors.ts";
import type { RegistryAddress, Scope } from "../../../registry/scope.ts";
import { invalidParameter } from "../aws-error.ts";
import type { AwsCall } from "../call.ts";
import type { EcrPorts } from "./ports.ts";

/** A repository by its ARN: it need not exist. */
export interface NamedRepository {
  readonly registry: RegistryAddress;
  readonly name: RepositoryName;
}

/** What has AWS tags in ECR: repositories alone. @throws AwsError InvalidParameterException */
export function repositoryOfArn(text: string): NamedRepository {
  const { partition, service, region = "", account = "", resource = "" } = parseArn(text) ?? {};
  const name = resource.startsWith(REPOSITORY) ? nameOf(resource.slice(REPOSITORY.length)) : undefined;
  const isOfRegistry = partition === "aws" && service === "ecr" && region !== "" && /^\d{12}$/.test(account);
  if (!isOfRegistry || name === undefined) throw invalidParameter("resourceArn", "Invalid ARN");
  return { registry: { account, region }, name };
}

/** Its registry. @throws RegistryError NAME_UNKNOWN where that is none, or in another region than the call speaks to */
export async function openRegistryOf(
  { scopes }: Pick<EcrPorts, "scopes">,
  call: AwsCall,
  { registry, name }: NamedRepository,
): Promise<Scope> {
  if (registry.region !== call.region) throw repositoryUnknown(registry.account, name);
  return scopes.open(registry);
}

const REPOSITORY = "repository/";

function nameOf(text: string): RepositoryName | undefined {
  try {
    return parseRepositoryName(text);
  } catch (error) {
    if (error instanceof RegistryError) return undefined;
    throw error;
  }
}
