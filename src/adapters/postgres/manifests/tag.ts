import { type Digest, digestToBytes, parseDigest } from "../../../registry/digest.ts";
import { RegistryError } from "../../../registry/errors.ts";
import type { Tag } from "../../../registry/names.ts";
import type { ManifestPut, RepositoryId, TagConditions } from "../../../registry/ports/index.ts";
import type { Transaction } from "../transaction.ts";

const RECORD = {
  name: "tag_record",
  text: `INSERT INTO tag_history (repository_id, name, revision, digest, changed_at, changed_by)
    VALUES ($1, $2, $3, $4, $5, $6)`,
};

/** Writes one line of a tag's history; no digest = the tag was removed. */
export async function recordTag(
  tx: Transaction,
  change: Pick<ManifestPut, "at" | "cause"> & {
    readonly repositoryId: RepositoryId;
    readonly tag: Tag;
    readonly revision: number;
    readonly digest: Digest | undefined;
  },
): Promise<void> {
  const digest = change.digest === undefined ? null : digestToBytes(change.digest);
  await tx.query(RECORD, [
    ...[change.repositoryId, change.tag, change.revision, digest],
    ...[change.at, change.cause.principal],
  ]);
}

/** A condition as `put_manifest` reads it: digests in hex, or `*`; what is no digest can match nothing. */
export function conditionValue(tags: TagConditions["ifMatch"]): readonly string[] | null {
  if (tags === undefined) return null;
  return tags === "*" ? ["*"] : tags.flatMap(hexOf);
}

function hexOf(entityTag: string): readonly string[] {
  try {
    return [digestToBytes(parseDigest(entityTag)).toString("hex")];
  } catch {
    return [];
  }
}

export function conditionFailed(header: string, tag: string, current: Digest | undefined): RegistryError {
  const state = current === undefined ? "does not exist" : `points at ${current}`;
  return new RegistryError("PRECONDITION_FAILED", `${header} does not hold: the tag ${tag} ${state}`, {
    detail: { tag, digest: current },
  });
}

/** ECR's ImageTagAlreadyExistsException, in its words. */
export function tagImmutable(repository: string, tag: string, current: Digest | undefined): RegistryError {
  return new RegistryError(
    "TAG_INVALID",
    `The image tag '${tag}' already exists in the '${repository}' repository and cannot be overwritten because the tag is immutable.`,
    { detail: { tag, digest: current } },
  );
}
