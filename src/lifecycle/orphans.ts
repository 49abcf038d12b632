import { randomUUID } from "node:crypto";
import { repositoryArn } from "../iam/actions.ts";
import type { Clock } from "../registry/clock.ts";
import { parseLifecyclePolicy } from "./parse-policy.ts";
import type { LifecyclePolicy } from "./policy.ts";
import type { Orphan, OrphanStore } from "./ports/orphan-store.ts";

/** Milliseconds for which a manifest outlives its subject: a subject that is pushed anew finds its signatures. */
export const ORPHAN_GRACE = 6 * 3_600_000;
/** Tasks that one round takes. */
export const ORPHAN_BATCH = 100;

/**
 * One round of removing what refers to deleted manifests, in repositories with and without a lifecycle policy. Returns
 * tasks looked at, and how many manifests went.
 */
export async function removeOrphans(
  { orphans, clock }: { readonly orphans: OrphanStore; readonly clock: Clock },
  isStopping: () => boolean,
): Promise<{ readonly looks: number; readonly removed: number }> {
  const now = clock.now();
  const stamped = await orphans.stamp(now, ORPHAN_BATCH);
  const due = await orphans.take(new Date(now.getTime() - ORPHAN_GRACE), now, ORPHAN_BATCH);
  let removed = 0;
  for (const orphan of due) {
    if (isStopping()) break;
    if (await orphans.remove(orphan, speaksOfUntagged, causeOf(orphan), now)) removed++;
  }
  return { looks: Math.max(stamped, due.length), removed };
}

/**
 * Whether a policy itself decides about manifests without tags whose subject is missing, and so keeps them until it says
 * otherwise. One that cannot be read keeps everything.
 */
export function speaksOfUntagged(text: string): boolean {
  let policy: LifecyclePolicy;
  try {
    policy = parseLifecyclePolicy(text);
  } catch {
    return true;
  }
  return policy.rules.some(
    ({ storageClass, tags }) => storageClass === "standard" && tags.status !== "tagged",
  );
}

function causeOf({ account, region, name }: Orphan) {
  return {
    ...{ account, principal: "berth", accessKeyId: undefined, requestId: randomUUID() },
    ...{ sourceIp: "", userAgent: "berth", action: "ecr:BatchDeleteImage" },
    resource: repositoryArn(account, region, name),
    parameters: { because: "the manifest that it refers to was deleted" },
  };
}
