import { type BatchEvents, BatchWriter } from "../../kernel/batch-writer.ts";
import { type Digest, digestToBytes } from "../../registry/digest.ts";
import type { RepositoryName } from "../../registry/names.ts";
import type { RegistryId } from "../../registry/scope.ts";
import type { Database } from "./database.ts";

/** A repository's link to a blob, by their names: whichever link it is by the time that it is written. */
export interface Link {
  readonly registryId: RegistryId;
  readonly repository: RepositoryName;
  readonly digest: Digest;
  /** All of that in one text. */
  readonly key: string;
}

/** Neither an id nor a digest has a slash. */
export function linkTo(registryId: RegistryId, repository: RepositoryName, digest: Digest): Link {
  return { registryId, repository, digest, key: `${registryId}/${repository}/${digest}` };
}

/**
 * Milliseconds before the end of a link's grace from which on its confirmation is written before it is answered. Longer
 * than a batch waits, so that none that was answered comes too late.
 */
const LAST_MOMENT = 60_000;
const WRITE_AFTER = 5_000;
const LINKS_MAX = 50_000;
const BATCH_MAX = 1_000;
/** Links whose grace is remembered; of more all are forgotten. */
const REMEMBERED_MAX = 20_000;

// A task that ends meanwhile has settled that the link stays, or has removed it. Tasks are locked in the order in which
// triggers make them.
const RENEW = {
  name: "blob_renew_links",
  text: `WITH due AS MATERIALIZED (
      SELECT q.repository_id, q.blob_id
        FROM unnest($1::bigint[], $2::text[], $3::bytea[]) AS c (registry_id, repository, digest)
        JOIN repositories r ON r.registry_id = c.registry_id AND r.name = c.repository AND r.deleted_at IS NULL
        JOIN blobs b ON b.registry_id = c.registry_id AND b.digest = c.digest
        JOIN gc_link_queue q ON q.repository_id = r.id AND q.blob_id = b.id AND q.since IS NOT NULL
        ORDER BY q.repository_id, q.blob_id FOR UPDATE OF q)
    UPDATE gc_link_queue AS q SET since = NULL FROM due
      WHERE q.repository_id = due.repository_id AND q.blob_id = due.blob_id
      RETURNING 1`,
};

/**
 * Lets the grace of links begin anew that somebody was told of and will count on. Most of them wait for a batch, each
 * once however often it is confirmed; those whose grace is about to end do not wait.
 */
export class ConfirmedLinks {
  readonly #database: Database;
  readonly #grace: number;
  /** The earliest moment, in ms since 1970, at which the grace of a link can have begun: it only ever begins later. */
  readonly #begun = new Map<string, number>();
  readonly writer: BatchWriter<Link>;

  /** `grace`: milliseconds for which a link that no manifest names stays. */
  constructor(database: Database, grace: number, events: BatchEvents) {
    this.#database = database;
    this.#grace = grace;
    this.writer = new BatchWriter({
      ...{ waitingMax: LINKS_MAX, batchMax: BATCH_MAX, writeAfter: WRITE_AFTER, retryAfter: WRITE_AFTER },
      ...events,
      write: async (links) => void (await this.#renew(links)),
      keyOf: ({ key }) => key,
    });
  }

  /**
   * The same as {@link confirm} where it is known without a look at the link's grace that it is not about to end: the link
   * stays for a whole one if it is there. False when that is not known.
   */
  confirmKnown(link: Link, at: Date): boolean {
    const since = this.#begun.get(link.key);
    return since !== undefined && !this.#isLate(since, at) && this.writer.add(link);
  }

  /**
   * `since` is when the link's grace began, in ms since 1970; null while it has not begun, for the whole of it is to come.
   * False when the link may be gone by now: look again.
   */
  async confirm(link: Link, since: number | null, at: Date): Promise<boolean> {
    this.#remember(link, since ?? at.getTime());
    if (since === null) return true;
    if (!this.#isLate(since, at) && this.writer.add(link)) return true;
    return this.#renew([link]);
  }

  #isLate(since: number, at: Date): boolean {
    return at.getTime() >= since + this.#grace - LAST_MOMENT;
  }

  #remember(link: Link, since: number): void {
    if (this.#begun.size >= REMEMBERED_MAX) this.#begun.clear();
    this.#begun.set(link.key, since);
  }

  async #renew(links: readonly Link[]): Promise<boolean> {
    const names = [
      links.map(({ registryId }) => registryId),
      links.map(({ repository }) => repository),
      links.map(({ digest }) => digestToBytes(digest)),
    ];
    return (await this.#database.run(RENEW, names)).length > 0;
  }
}
