import { type Digest, digestFromBytes, digestToBytes } from "../../../registry/digest.ts";
import { RegistryError } from "../../../registry/errors.ts";
import type { Tag } from "../../../registry/names.ts";
import type { ManifestPut, TagConditions } from "../../../registry/ports/index.ts";
import type { Transaction } from "../transaction.ts";

const LOCK = {
  name: "tag_lock",
  text: `SELECT m.digest FROM tags t
    JOIN manifests m ON m.repository_id = t.repository_id AND m.id = t.manifest_id
    WHERE t.repository_id = $1 AND t.name = $2 FOR UPDATE OF t`,
};
const INSERT = {
  name: "tag_insert",
  text: `INSERT INTO tags (repository_id, name, manifest_id, revision, updated_at)
    VALUES ($1, $2, $3, nextval('tag_revisions'), $4)
    ON CONFLICT (repository_id, name) DO NOTHING RETURNING revision`,
};
const MOVE = {
  name: "tag_move",
  text: `UPDATE tags SET manifest_id = $3, revision = nextval('tag_revisions'), updated_at = $4
    WHERE repository_id = $1 AND name = $2 RETURNING revision`,
};
const RECORD = {
  name: "tag_record",
  text: `INSERT INTO tag_history (repository_id, name, revision, digest, changed_at, changed_by)
    VALUES ($1, $2, $3, $4, $5, $6)`,
};

export interface TagPut {
  readonly put: ManifestPut;
  readonly tag: Tag;
  readonly manifestId: number;
  readonly immutable: boolean;
}

/**
 * Points a tag at a manifest. Conditions and immutability are decided while the tag's row is locked; of two first
 * pushes one inserts, the other then meets its row. A tag that is there already stays untouched and writes no history.
 */
export async function putTag(tx: Transaction, { put, tag, manifestId, immutable }: TagPut): Promise<void> {
  const { repositoryId, at } = put;
  for (;;) {
    const current = await lockTag(tx, put, tag);
    const digest = current && digestFromBytes(current.digest);
    checkConditions(put.conditions, tag, digest);
    if (digest === put.digest) return;
    if (digest !== undefined && immutable) throw alreadyExists(tag, digest);
    const statement = current === undefined ? INSERT : MOVE;
    const [row] = await tx.query<{ revision: number }>(statement, [repositoryId, tag, manifestId, at]);
    if (row === undefined) continue;
    await recordTag(tx, { ...put, tag, revision: row.revision, digest: put.digest });
    return;
  }
}

interface LockedTag {
  readonly digest: Buffer;
}

/**
 * The tag's row, locked, with the digest that it points at. When the tag was moved while we waited for its row, the
 * join still looks for the manifest that it has left and finds nothing; a second look sees what it is now. Without
 * If-Match nothing depends on it: the insert that follows meets the row.
 */
async function lockTag(
  tx: Transaction,
  { repositoryId, conditions }: ManifestPut,
  tag: Tag,
): Promise<LockedTag | undefined> {
  const key = [repositoryId, tag];
  const [current] = await tx.query<LockedTag>(LOCK, key);
  if (current !== undefined || conditions.ifMatch === undefined) return current;
  return (await tx.query<LockedTag>(LOCK, key))[0];
}

/** Writes one line of a tag's history; no digest = the tag was removed. */
export async function recordTag(
  tx: Transaction,
  change: Pick<ManifestPut, "repositoryId" | "at" | "principal"> & {
    readonly tag: Tag;
    readonly revision: number;
    readonly digest: Digest | undefined;
  },
): Promise<void> {
  const digest = change.digest === undefined ? null : digestToBytes(change.digest);
  await tx.query(RECORD, [
    ...[change.repositoryId, change.tag, change.revision, digest],
    ...[change.at, change.principal],
  ]);
}

function checkConditions(conditions: TagConditions, tag: Tag, current: Digest | undefined): void {
  const { ifMatch, ifNoneMatch } = conditions;
  if (ifMatch !== undefined && !matches(ifMatch, current)) {
    throw failed("If-Match", tag, current);
  }
  if (ifNoneMatch !== undefined && matches(ifNoneMatch, current)) {
    throw failed("If-None-Match", tag, current);
  }
}

function matches(tags: readonly string[] | "*", current: Digest | undefined): boolean {
  return current !== undefined && (tags === "*" || tags.includes(current));
}

function failed(header: string, tag: Tag, current: Digest | undefined): RegistryError {
  const state = current === undefined ? "does not exist" : `points at ${current}`;
  return new RegistryError("PRECONDITION_FAILED", `${header} does not hold: the tag ${tag} ${state}`, {
    detail: { tag, digest: current },
  });
}

function alreadyExists(tag: Tag, digest: Digest): RegistryError {
  return new RegistryError(
    "TAG_INVALID",
    `The image tag '${tag}' already exists and cannot be overwritten because the tag is immutable`,
    { detail: { tag, digest } },
  );
}
