import type { DescribeRepositoriesRequest, Repository } from "../../../../aws-models/ecr.types.ts";
import { parseRepositoryName } from "../../../../registry/names.ts";
import {
  describeRepositories as describe,
  pageRepositories,
} from "../../../../registry/repositories/describe.ts";
import type { RegistryAddress } from "../../../../registry/scope.ts";
import type { AwsCall, EcrHandler } from "../../call.ts";
import { pageOf, refusePagingWith } from "../paging.ts";
import type { EcrPorts } from "../ports.ts";
import { presentRepository } from "../present-repository.ts";
import { arnIn, registryOf } from "../registry.ts";

type Ports = Pick<EcrPorts, "scopes" | "repositories" | "hosts" | "pageTokens">;

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
  ports: Ports,
  call: AwsCall,
  registry: RegistryAddress,
  wanted: readonly string[],
): Promise<readonly Repository[]> {
  const names = [...new Set(wanted)].map(parseRepositoryName);
  for (const name of names) await call.authorize(arnIn(registry, name));
  const found = await describe(ports, await ports.scopes.open(registry), names);
  return found.map((repository) => presentRepository(ports.hosts, registry, repository, call.origin));
}

async function describePage(
  ports: Ports,
  call: AwsCall,
  registry: RegistryAddress,
  input: DescribeRepositoriesRequest,
): Promise<{ repositories: readonly Repository[]; nextToken: string | undefined }> {
  const { hosts, pageTokens } = ports;
  const wanted = pageOf(pageTokens, call, registry, input);
  await call.authorize(arnIn(registry, "*"));
  const scope = await ports.scopes.open(registry);
  const page = await pageRepositories(ports, scope, wanted);
  return {
    repositories: page.items.map((each) => presentRepository(hosts, registry, each, call.origin)),
    nextToken: wanted.token(page.next),
  };
}
