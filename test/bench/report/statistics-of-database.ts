import pg from "pg";

/** What a PostgreSQL server has done so far for one database (log syncs: for all, but Berth is alone on it). */
export interface DatabaseFacts {
  readonly transactions: number;
  /** Syncs of the write-ahead log: commits that waited for the disk. */
  readonly syncs: number;
}

const FIRST_WITH_LOG_IN_PG_STAT_IO = 180_000;
const SYNCS = "SELECT wal_sync AS syncs FROM pg_stat_wal";
// The log writer's own syncs, which nobody waits for, are not counted.
const SYNCS_18 =
  "SELECT sum(fsyncs) AS syncs FROM pg_stat_io WHERE object = 'wal' AND backend_type = 'client backend'";

/** Reads PostgreSQL's statistics from beside, over a connection to another database of the server. */
export class DatabaseStatistics {
  readonly #client: pg.Client;
  readonly #database: string;
  #syncs = SYNCS;

  constructor(server: pg.ClientConfig, database: string) {
    this.#client = new pg.Client(server);
    this.#database = database;
  }

  async open(): Promise<void> {
    await this.#client.connect();
    const [row] = (await this.#client.query("SHOW server_version_num")).rows;
    if (Number(row?.server_version_num) >= FIRST_WITH_LOG_IN_PG_STAT_IO) this.#syncs = SYNCS_18;
  }

  async read(): Promise<DatabaseFacts> {
    const transactions = await this.#client.query(
      "SELECT xact_commit + xact_rollback AS transactions FROM pg_stat_database WHERE datname = $1",
      [this.#database],
    );
    const syncs = await this.#client.query(this.#syncs);
    return {
      transactions: Number(transactions.rows[0]?.transactions),
      syncs: Number(syncs.rows[0]?.syncs ?? 0),
    };
  }

  close(): Promise<void> {
    return this.#client.end();
  }
}
