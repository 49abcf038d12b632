import type { Clock } from "../registry/clock.ts";
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
/** Deletions in storage at a time. */
const DELETIONS_AT_ONCE = 8;
/** Milliseconds after which a key that could not be deleted is tried again. */
const RETRY_AFTER = 10 * 60_000;

/**
 * One round of giving space back. What is looked at has been queued by the changes themselves, so its cost follows
 * change, never the size of the registry. Any number of workers may run rounds at once: each task has one taker.
 * A process that dies within a round leaves its tasks to the next.
 */
export async function collectGarbage(
  ports: CollectionPorts,
  graces: CollectionGraces,
): Promise<CollectionRound> {
  const { garbage } = ports;
  const now = ports.clock.now();
  const before = (milliseconds: number): Date => new Date(now.getTime() - milliseconds);
  const after = (milliseconds: number): Date => new Date(now.getTime() + milliseconds);
  const uploads = await ports.uploads.expire(before(graces.uploadExpiry), BATCH, now);
  const manifests = await garbage.reviewManifests(now, BATCH);
  const repositoryRows = await garbage.purgeDeletedRepository(BATCH);
  const stamped = await garbage.stamp(now, BATCH);
  const links = await garbage.reviewLinks(before(graces.blobGrace), BATCH);
  const blobs = await garbage.reviewBlobs(after(graces.deletionGrace), BATCH);
  const objects = await deleteObjects(ports, now);
  return { uploads, manifests, repositoryRows, stamped, links, blobs, objects };
}

/** Whether a round left work behind that the next one can do at once. */
export function isBusy(round: CollectionRound): boolean {
  // A deleted repository goes slice by slice, each of them smaller than a batch towards the end.
  return round.repositoryRows > 0 || Object.values(round).some((ended) => ended >= BATCH);
}

async function deleteObjects({ garbage, storage }: CollectionPorts, now: Date): Promise<number> {
  const keys = [...(await garbage.takeObjects(now, new Date(now.getTime() + RETRY_AFTER), BATCH))];
  const deleted: string[] = [];
  let failure: unknown;
  const work = async (): Promise<void> => {
    for (let key = keys.pop(); key !== undefined; key = keys.pop()) {
      try {
        await storage.delete(key);
        deleted.push(key);
      } catch (error) {
        failure = error;
      }
    }
  };
  await Promise.all(Array.from({ length: DELETIONS_AT_ONCE }, work));
  await garbage.forgetObjects(deleted);
  if (failure !== undefined) throw failure;
  return deleted.length;
}
