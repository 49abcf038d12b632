import { randomUUID } from "node:crypto";
import { repositoryArn } from "../iam/actions.ts";
import type { Clock } from "../registry/clock.ts";
import { RegistryError } from "../registry/errors.ts";
import type { BlobStorage, GarbageStore, UploadStore } from "../registry/ports/index.ts";

/** What a round of collection works with. */
export interface CollectionPorts {
  readonly garbage: GarbageStore;
  readonly uploads: Pick<UploadStore, "expire">;
  readonly storage: Pick<BlobStorage, "delete">;
  readonly clock: Clock;
}

/** All in milliseconds. */
export interface CollectionGraces {
  /** Idle time after which an upload session ends. */
  readonly uploadExpiry: number;
  /** Time for which a blob that no manifest names stays linked. */
  readonly blobGrace: number;
  /** Time between the last use of an object's key and its deletion; longer than any presigned URL. */
  readonly deletionGrace: number;
}

/** Tasks that a round has ended. */
export interface CollectionRound {
  readonly uploads: number;
  /** That were made for a push of which nothing came. */
  readonly repositories: number;
  readonly manifests: number;
  readonly repositoryRows: number;
  /** Links whose grace begins with this round. */
  readonly stamped: number;
  readonly links: number;
  readonly blobs: number;
  readonly objects: number;
}

/** Tasks of one kind that one round takes: each is one short transaction. */
export const BATCH = 200;
/** Milliseconds after which a repository in which nobody does anything was made in vain: its push goes on at once. */
const ABANDONED_AFTER = 60_000;
/** Deletions in storage at a time. */
const DELETIONS_AT_ONCE = 8;
/** Milliseconds after which a key that could not be deleted is tried again. */
const RETRY_AFTER = 10 * 60_000;

/** What went wrong in a round, of which everything else was done. */
export class CollectionFailedError extends Error {
  override readonly name = "CollectionFailedError";
  readonly round: CollectionRound;

  constructor(round: CollectionRound, failure: unknown) {
    super(failure instanceof Error ? failure.message : String(failure), { cause: failure });
    this.round = round;
  }
}

/**
 * One round of giving space back. What is looked at has been queued by the changes themselves, so its cost follows
 * change, never the size of the registry. Any number of workers may run rounds at once: each task has one taker.
 * A process that dies within a round leaves its tasks to the next.
 * @throws CollectionFailedError when some of it could not be done; the rest was, unless the database is not there
 */
export async function collectGarbage(
  ports: CollectionPorts,
  graces: CollectionGraces,
): Promise<CollectionRound> {
  const { garbage } = ports;
  const now = ports.clock.now();
  const before = (milliseconds: number): Date => new Date(now.getTime() - milliseconds);
  const after = (milliseconds: number): Date => new Date(now.getTime() + milliseconds);
  const deletions = { failed: false, failure: undefined as unknown };
  const steps: Readonly<Record<keyof CollectionRound, () => Promise<number>>> = {
    uploads: () => ports.uploads.expire(before(graces.uploadExpiry), BATCH, now),
    repositories: () => discardAbandoned(garbage, before(ABANDONED_AFTER), now),
    manifests: () => garbage.reviewManifests(now, BATCH),
    repositoryRows: () => garbage.purgeDeletedRepository(BATCH),
    stamped: () => garbage.stamp(now, BATCH),
    links: () => garbage.reviewLinks(before(graces.blobGrace), BATCH),
    blobs: () => garbage.reviewBlobs(after(graces.deletionGrace), BATCH),
    objects: () => deleteObjects(ports, now, deletions),
  };
  const round = { ...NOTHING };
  const failures: unknown[] = [];
  for (const kind of Object.keys(steps) as (keyof CollectionRound)[]) {
    try {
      round[kind] = await steps[kind]();
    } catch (error) {
      failures.push(error);
      if (error instanceof RegistryError && error.reason === "UNAVAILABLE") break;
    }
  }
  if (deletions.failed) failures.push(deletions.failure);
  if (failures.length > 0) throw new CollectionFailedError(round, failures[0]);
  return round;
}

const NOTHING = {
  ...{
    uploads: 0,
    repositories: 0,
    manifests: 0,
    repositoryRows: 0,
    stamped: 0,
    links: 0,
    blobs: 0,
    objects: 0,
  },
};

/** Repositories that pushes have made and nothing came of. */
async function discardAbandoned(garbage: GarbageStore, before: Date, at: Date): Promise<number> {
  let discarded = 0;
  for (const { id, name, account, region } of await garbage.abandonedRepositories(before, BATCH)) {
    const cause = {
      ...{ account, principal: "berth", accessKeyId: undefined, requestId: randomUUID() },
      ...{ sourceIp: "", userAgent: "berth", action: "ecr:DeleteRepository" },
      resource: repositoryArn(account, region, name),
    };
    if (await garbage.discardRepository(id, cause, at)) discarded++;
  }
  return discarded;
}

/** Whether a round left work behind that the next one can do at once. */
export function isBusy(round: CollectionRound): boolean {
  // A deleted repository goes slice by slice, each of them smaller than a batch towards the end.
  return round.repositoryRows > 0 || Object.values(round).some((ended) => ended >= BATCH);
}

/** Those that fail are tried again later; what was deleted is forgotten all the same. */
async function deleteObjects(
  { garbage, storage }: CollectionPorts,
  now: Date,
  deletions: { failed: boolean; failure: unknown },
): Promise<number> {
  const keys = [...(await garbage.takeObjects(now, new Date(now.getTime() + RETRY_AFTER), BATCH))];
  const deleted: string[] = [];
  const work = async (): Promise<void> => {
    for (let key = keys.pop(); key !== undefined; key = keys.pop()) {
      try {
        await storage.delete(key);
        deleted.push(key);
      } catch (error) {
        Object.assign(deletions, { failed: true, failure: error });
      }
    }
  };
  await Promise.all(Array.from({ length: DELETIONS_AT_ONCE }, work));
  await garbage.forgetObjects(deleted);
  return deleted.length;
}
