import type { Digest } from "../digest.ts";
import type { RepositoryName } from "../names.ts";
import type { ImagePage, ReferrerRow, RegistryPorts } from "../ports/index.ts";
import { describeRepository } from "../repositories/describe.ts";
import type { Scope } from "../scope.ts";

/** Characters of annotations after which a page ends: less than what the store reads at once. */
const ANNOTATIONS_MAX = 1024 * 1024;

/**
 * Manifests that name `subject`, which need not be there, oldest first, those with a greater id than `after`. No types
 * are all of them. A page of much annotation is shorter. @throws RegistryError NAME_UNKNOWN
 */
export async function pageReferrers(
  ports: Pick<RegistryPorts, "repositories" | "manifests">,
  scope: Scope,
  name: RepositoryName,
  query: {
    readonly subject: Digest;
    readonly artifactTypes: readonly string[];
    readonly after: number;
    readonly limit: number;
  },
): Promise<ImagePage<ReferrerRow, number>> {
  await describeRepository(ports, scope, name);
  const { subject, artifactTypes, after, limit } = query;
  const rows = await ports.manifests.listReferrers(scope, name, {
    ...{ subject, after, limit: limit + 1 },
    artifactTypes: artifactTypes.length === 0 ? undefined : artifactTypes,
  });
  const items: ReferrerRow[] = [];
  let characters = 0;
  for (const row of rows) {
    characters += row.annotationsText?.length ?? 0;
    const isFull = items.length === limit || (items.length > 0 && characters >= ANNOTATIONS_MAX);
    if (isFull) return { items, next: items.at(-1)?.id };
    items.push(row);
  }
  return { items, next: undefined };
}
