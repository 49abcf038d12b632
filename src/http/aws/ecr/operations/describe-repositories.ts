import type { DescribeRepositoriesRequest, Repository } from "../../../../aws-models/ecr.types.ts";
import { parseRepositoryName } from "../../../../registry/names.ts";
import type { RegistryAddress } from "../../../../registry/scope.ts";
import type { AwsCall, EcrHandler } from "../../call.ts";
import { repositoryNotFound } from "../errors.ts";
import { openNextToken, PAGE_DEFAULT, refusePagingWith } from "../paging.ts";
import type { EcrPorts } from "../ports.ts";
import { presentRepository } from "../present-repository.ts";
import { authorizeOnRepository, registryOf } from "../registry.ts";

type Ports = Pick<EcrPorts, "repositories" | "hosts" | "pageTokens">;

/** By name, where any missing one fails the whole call; or all of them by name, a page at a time. */
export function describeRepositories(ports: Ports): EcrHandler<"DescribeRepositories"> {
  return async (call, input) => {
    const { repositoryNames } = input;
    const registry = registryOf(call, input);
    if (repositoryNames === undefined) return describePage(ports, call, registry, input);
    refusePagingWith("repositoryNames", input);
    return { repositories: await describeNamed(ports, call, registry, repositoryNames) };
  };
}

async function describeNamed(
  { repositories, hosts }: Ports,
  call: AwsCall,
  registry: RegistryAddress,
  wanted: readonly string[],
): Promise<readonly Repository[]> {
  const names = [...new Set(wanted)].map(parseRepositoryName);
  for (const name of names) await authorizeOnRepository(call, "ecr.DescribeRepositories", registry, name);
  const found = new Map((await repositories.find(registry, names)).map((record) => [record.name, record]));
  return names.map((name) => {
    const record = found.get(name);
    if (record === undefined) throw repositoryNotFound(registry, name);
    return presentRepository(hosts, registry, record, call.origin);
  });
}

async function describePage(
  { repositories, hosts, pageTokens }: Ports,
  call: AwsCall,
  registry: RegistryAddress,
  { maxResults = PAGE_DEFAULT, nextToken }: DescribeRepositoriesRequest,
): Promise<{ repositories: readonly Repository[]; nextToken: string | undefined }> {
  const binding = { operation: "ecr.DescribeRepositories", ...registry, filters: [] };
  const [after = ""] = openNextToken(pageTokens, binding, nextToken) ?? [];
  await authorizeOnRepository(call, "ecr.DescribeRepositories", registry, "*");
  // One too many, to know whether more follow.
  const records = await repositories.page(registry, after, maxResults + 1);
  const shown = records.slice(0, maxResults);
  const last = shown.at(-1);
  const hasMore = records.length > maxResults && last !== undefined;
  return {
    repositories: shown.map((record) => presentRepository(hosts, registry, record, call.origin)),
    nextToken: hasMore ? pageTokens.seal(binding, [last.name]) : undefined,
  };
}
