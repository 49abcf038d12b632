import { createHash } from "node:crypto";
import type { RepositoryId } from "../../registry/ports/index.ts";
import type { Transaction } from "./transaction.ts";

const LOCK = {
  name: "digest_lock",
  text: "SELECT pg_advisory_xact_lock(k) FROM (SELECT k FROM unnest($1::bigint[]) AS k ORDER BY k) AS ordered",
};

/**
 * Where a manifest that names an absent digest meets the push of that digest: both take this lock before they look, so
 * one of them sees the other. Keys are taken in ascending order, all in one statement.
 */
export async function lockDigests(
  tx: Transaction,
  repositoryId: RepositoryId,
  digests: readonly Buffer[],
): Promise<void> {
  if (digests.length === 0) return;
  const keys = digests.map((digest) => lockKey(repositoryId, digest));
  await tx.query(LOCK, [keys.map(String)]);
}

function lockKey(repositoryId: RepositoryId, digest: Buffer): bigint {
  return createHash("sha256").update(`${repositoryId}:`).update(digest).digest().readBigInt64BE(0);
}
