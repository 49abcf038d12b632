import pg from "pg";
import { isConnectionFailure } from "./errors.ts";
import { PLAN_BY_INDEX } from "./index-plans.ts";
import type { Statement } from "./statement.ts";

/** Reads on the wire at once; more go to the pool, so that one slow read cannot hold up everybody. */
const IN_FLIGHT_MAX = 256;
const RECONNECT_PAUSE = 200;

type Fallback = <Row>(statement: Statement, values: readonly unknown[]) => Promise<readonly Row[]>;

/**
 * One connection on which short reads follow each other without waiting for answers: several times the throughput of a
 * pool. A failed connection is replaced; reads that were lost with it are repeated on the pool.
 */
export class PipelinedReader {
  inFlight = 0;
  spilled = 0;
  readonly #config: pg.ClientConfig;
  readonly #fallback: Fallback;
  readonly #onError: (error: Error) => void;
  #client: Promise<pg.Client> | undefined;
  #retryAt = 0;
  #closed = false;

  /** `config.query_timeout`: milliseconds that a read may wait behind others before the connection is given up. */
  constructor(config: pg.ClientConfig, fallback: Fallback, onError: (error: Error) => void) {
    this.#config = config;
    this.#fallback = fallback;
    this.#onError = onError;
  }

  async read<Row>(statement: Statement, values: readonly unknown[]): Promise<readonly Row[]> {
    if (this.inFlight >= IN_FLIGHT_MAX || performance.now() < this.#retryAt) {
      this.spilled++;
      return this.#fallback(statement, values);
    }
    this.inFlight++;
    try {
      const client = await this.#connected();
      const query = { name: statement.name, text: statement.text, values: [...values] };
      return (await client.query(query)).rows;
    } catch (error) {
      if (!isConnectionFailure(error)) throw error;
      this.spilled++;
      return await this.#fallback(statement, values);
    } finally {
      this.inFlight--;
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#client?.then((client) => client.end()).catch(() => undefined);
  }

  #connected(): Promise<pg.Client> {
    this.#client ??= this.#connect();
    return this.#client;
  }

  async #connect(): Promise<pg.Client> {
    const client = new pg.Client({ ...this.#config, pipeline: true } as pg.ClientConfig);
    const lost = (error?: Error): void => {
      if (error !== undefined && !this.#closed) this.#onError(error);
      this.#client = undefined;
    };
    client.on("error", lost);
    client.on("end", () => lost());
    try {
      await client.connect();
      await client.query(PLAN_BY_INDEX);
      return client;
    } catch (error) {
      this.#client = undefined;
      this.#retryAt = performance.now() + RECONNECT_PAUSE;
      throw error;
    }
  }
}
