import type { ImageFacts, Listing, Snapshot } from "../../../lifecycle/snapshot.ts";
import { digestFromBytes } from "../../../registry/digest.ts";
import type { RepositoryId } from "../../../registry/ports/index.ts";
import type { Database } from "../database.ts";
import type { Statement } from "../statement.ts";
import type { Transaction } from "../transaction.ts";

/** Rows that one statement reads: what is made of them keeps nobody waiting. */
const SLICE = 1_000;
/** Manifests, tags and entries of indexes that one snapshot may hold: some hundreds of megabytes. */
const ROWS_MAX = 2_000_000;

// Everything in it sees one moment; it locks nothing.
const AT_ONE_MOMENT = {
  name: "lifecycle_at_one_moment",
  text: "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY",
};
const TAGS = {
  name: "lifecycle_tags",
  text: `SELECT name, manifest_id AS id FROM tags WHERE repository_id = $1 AND name > $2 ORDER BY name LIMIT ${SLICE}`,
};
const LISTINGS = {
  name: "lifecycle_listings",
  text: `SELECT manifest_id AS index, position, child_id AS listed FROM manifest_children
    WHERE repository_id = $1 AND (manifest_id, position) > ($2, $3)
    ORDER BY manifest_id, position LIMIT ${SLICE}`,
};
/** SQL: a time as milliseconds since 1970. */
function milliseconds(time: string): string {
  return `round(extract(epoch FROM ${time}) * 1000)::double precision`;
}

const IMAGES = {
  name: "lifecycle_images",
  text: `SELECT m.id, m.digest, m.subject_digest AS subject, ${milliseconds("m.pushed_at")} AS pushed,
      ${milliseconds("p.pulled_at")} AS pulled
    FROM manifests m LEFT JOIN LATERAL (SELECT pulled_at FROM image_pulls
      WHERE repository_id = m.repository_id AND manifest_id = m.id LIMIT 1) AS p ON true
    WHERE m.repository_id = $1 AND m.id > $2 ORDER BY m.id LIMIT ${SLICE}`,
};

interface ImageRow {
  readonly id: number;
  readonly digest: Buffer;
  readonly subject: Buffer | null;
  readonly pushed: number;
  readonly pulled: number | null;
}

/** What a repository holds at one moment; undefined where that is more than {@link ROWS_MAX} rows. */
export function readSnapshot(database: Database, id: RepositoryId): Promise<Snapshot | undefined> {
  return database.transaction(async (tx) => {
    await tx.query(AT_ONE_MOMENT, []);
    const rows = new SlicedRows(tx, id);
    const tags = new Map<number, string[]>();
    const listings: Listing[] = [];
    const images: ImageFacts[] = [];
    await rows.read<{ name: string; id: number }>(TAGS, [""], (row) => {
      const own = tags.get(row.id);
      if (own === undefined) tags.set(row.id, [row.name]);
      else own.push(row.name);
      return [row.name];
    });
    await rows.read<ListingRow>(LISTINGS, [0, -1], ({ index, position, listed }) => {
      if (listed !== null) listings.push({ index, listed });
      return [index, position];
    });
    await rows.read<ImageRow>(IMAGES, [0], (row) => {
      images.push(toFacts(row, tags.get(row.id) ?? []));
      return [row.id];
    });
    return rows.left < 0 ? undefined : { images, listings };
  });
}

interface ListingRow {
  readonly index: number;
  readonly position: number;
  readonly listed: number | null;
}

/** Reads tables slice by slice, and no more rows than may be held together. */
class SlicedRows {
  readonly #tx: Transaction;
  readonly #id: RepositoryId;
  /** Rows that may still be read; negative when there were more. */
  left = ROWS_MAX;

  constructor(tx: Transaction, id: RepositoryId) {
    this.#tx = tx;
    this.#id = id;
  }

  /** `take` says after which key the next slice begins. */
  async read<Row>(
    statement: Statement,
    after: readonly unknown[],
    take: (row: Row) => readonly unknown[],
  ): Promise<void> {
    for (let key = after, isMore = true; isMore && this.left >= 0; ) {
      const rows = await this.#tx.query<Row>(statement, [this.#id, ...key]);
      this.left -= rows.length;
      for (const row of rows) key = take(row);
      isMore = rows.length === SLICE;
    }
  }
}

function toFacts({ id, digest, subject, pushed, pulled }: ImageRow, tags: readonly string[]): ImageFacts {
  return {
    ...{ id, digest: digestFromBytes(digest), tags, pushedAt: pushed, pulledAt: pulled ?? undefined },
    ...{ storageClass: "standard", activatedAt: undefined, archivedAt: undefined },
    subject: subject === null ? undefined : digestFromBytes(subject),
  };
}
