import { type BatchEvents, BatchWriter } from "../../kernel/batch-writer.ts";
import type { Database } from "./database.ts";

/** A repository's link to a blob, by their ids. */
export interface Link {
  readonly repositoryId: number;
  readonly blobId: number;
}

/**
 * Milliseconds before the end of a link's grace from which on its confirmation is written before it is answered. Longer
 * than a batch waits, so that none that was answered comes too late.
 */
const LAST_MOMENT = 60_000;
const WRITE_AFTER = 5_000;
const LINKS_MAX = 50_000;
const BATCH_MAX = 1_000;

// A task that ends meanwhile has settled that the link stays, or has removed it.
const RENEW = {
  name: "blob_renew_links",
  text: `UPDATE gc_link_queue AS q SET since = NULL
    FROM unnest($1::bigint[], $2::bigint[]) AS c (repository_id, blob_id)
    WHERE q.repository_id = c.repository_id AND q.blob_id = c.blob_id AND q.since IS NOT NULL
    RETURNING 1`,
};

/**
 * Lets the grace of links begin anew that somebody was told of and will count on. Most of them wait for a batch, each
 * once however often it is confirmed; those whose grace is about to end do not wait.
 */
export class ConfirmedLinks {
  readonly #database: Database;
  readonly #grace: number;
  readonly writer: BatchWriter<Link>;

  /** `grace`: milliseconds for which a link that no manifest names stays. */
  constructor(database: Database, grace: number, events: BatchEvents) {
    this.#database = database;
    this.#grace = grace;
    this.writer = new BatchWriter({
      ...{ waitingMax: LINKS_MAX, batchMax: BATCH_MAX, writeAfter: WRITE_AFTER, retryAfter: WRITE_AFTER },
      ...events,
      write: async (links) => void (await this.#renew(links)),
      keyOf: ({ repositoryId, blobId }) => `${repositoryId}/${blobId}`,
    });
  }

  /** `since` is when the link's grace began, in ms since 1970. False when the link may be gone by now: look again. */
  async confirm(link: Link, since: number, at: Date): Promise<boolean> {
    const isLate = at.getTime() >= since + this.#grace - LAST_MOMENT;
    if (!isLate && this.writer.add(link)) return true;
    return this.#renew([link]);
  }

  async #renew(links: readonly Link[]): Promise<boolean> {
    const sorted = links.toSorted((a, b) => a.repositoryId - b.repositoryId || a.blobId - b.blobId);
    const ids = [sorted.map(({ repositoryId }) => repositoryId), sorted.map(({ blobId }) => blobId)];
    return (await this.#database.run(RENEW, ids)).length > 0;
  }
}
