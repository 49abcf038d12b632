import type { CreateRepositoryRequest } from "../../../../aws-models/ecr.types.ts";
import { requestTagKeys } from "../../../../iam/principals/global-context.ts";
import type { RepositoryDraft } from "../../../../registry/ports/index.ts";
import { createRepository as create, draftRepository } from "../../../../registry/repositories/create.ts";
import type { EcrHandler } from "../../call.ts";
import type { EcrPorts } from "../ports.ts";
import { presentRepository } from "../present-repository.ts";
import { arnIn, registryOf } from "../registry.ts";

export function createRepository(
  ports: Pick<EcrPorts, "scopes" | "repositories" | "clock" | "hosts">,
): EcrHandler<"CreateRepository"> {
  return async (call, input) => {
    const registry = registryOf(call, input);
    const draft = draftOf(input);
    const conditions = requestTagKeys(draft.tags);
    await call.authorize(arnIn(registry, draft.name), conditions);
    if (Object.keys(draft.tags).length > 0) {
      await call.authorizeToo("ecr:TagResource", arnIn(registry, draft.name), conditions);
    }
    const created = await create(ports, await ports.scopes.open(registry), draft, call.cause());
    return { repository: presentRepository(ports.hosts, registry, created, call.origin) };
  };
}

function draftOf(input: CreateRepositoryRequest): RepositoryDraft {
  const { encryptionType: type, kmsKey } = input.encryptionConfiguration ?? {};
  return draftRepository({
    name: input.repositoryName,
    tagMutability: input.imageTagMutability,
    exclusionFilters: input.imageTagMutabilityExclusionFilters?.map(({ filter }) => filter),
    scanOnPush: input.imageScanningConfiguration?.scanOnPush,
    encryption: { type, kmsKey },
    tags: input.tags?.map(({ Key: key, Value: value }) => ({ key, value })),
  });
}
