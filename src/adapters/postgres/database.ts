import pg from "pg";
import { translateFailure } from "./errors.ts";
import { PLAN_BY_INDEX } from "./index-plans.ts";
import { PipelinedReader } from "./pipelined-reader.ts";
import type { Statement } from "./statement.ts";
import { retried, runTransaction, type Transaction } from "./transaction.ts";

/** How to reach Postgres. `direct` serves what a transaction pooler cannot: migrations and session locks. */
export interface DatabaseOptions {
  readonly main: pg.ClientConfig;
  readonly direct: pg.ClientConfig;
  /** Connections for transactions. */
  readonly poolSize: number;
  readonly timeouts?: DatabaseTimeouts;
}

/** How long Berth waits for a database that does not answer, in milliseconds. */
export interface DatabaseTimeouts {
  /** A statement; none of Berth's takes a hundredth of it in health. */
  readonly statement: number;
  /** A connection, whether it must be made or is in use by others. */
  readonly connect: number;
  /** A read behind others on the pipelined connection, before that connection is given up. */
  readonly read: number;
}

export const DATABASE_TIMEOUTS: DatabaseTimeouts = { statement: 30_000, connect: 5_000, read: 5_000 };

/** Postgres as the stores use it. Every failure to reach it is a RegistryError UNAVAILABLE. */
export interface Database {
  /** A short indexed read without big values, on the pipelined connection. */
  read<Row>(statement: Statement, values: readonly unknown[]): Promise<readonly Row[]>;
  /** One statement that is a transaction by itself; retried like one. */
  run<Row>(statement: Statement, values: readonly unknown[]): Promise<readonly Row[]>;
  /** All or nothing; retried as a whole on serialization failures and deadlocks, so `work` must not keep state. */
  transaction<T>(work: (tx: Transaction) => Promise<T>): Promise<T>;
  /** Facts for metrics. */
  statistics(): DatabaseStatistics;
  close(): Promise<void>;
}

export interface DatabaseStatistics {
  readonly connections: number;
  readonly idle: number;
  readonly waiting: number;
  readonly readsInFlight: number;
  readonly readsSpilled: number;
  readonly transactionRetries: number;
}

export function openDatabase(options: DatabaseOptions, onError: (error: Error) => void): Database {
  const { statement, connect, read } = options.timeouts ?? DATABASE_TIMEOUTS;
  const config = {
    ...clientConfig(options.main),
    query_timeout: statement,
    connectionTimeoutMillis: connect,
  };
  const pool = new pg.Pool({
    ...config,
    max: options.poolSize,
    onConnect: (client) => client.query(PLAN_BY_INDEX),
    idleTimeoutMillis: 30_000,
  });
  let closing = false;
  // A server that stops after us may still meet a connection that is on its way out.
  const onLost = (error: Error): void => {
    if (!closing) onError(error);
  };
  pool.on("error", onLost);
  const counters = { retries: 0 };
  const viaPool = async <Row>(statement: Statement, values: readonly unknown[]): Promise<readonly Row[]> =>
    (await pool.query({ name: statement.name, text: statement.text, values: [...values] })).rows;
  const reader = new PipelinedReader({ ...config, query_timeout: read }, viaPool, onLost);
  return {
    read: (statement, values) => translated(reader.read(statement, values)),
    run: (statement, values) => translated(retried(counters, () => viaPool(statement, values))),
    transaction: (work) => translated(runTransaction(pool, counters, work)),
    statistics: () => ({
      connections: pool.totalCount,
      idle: pool.idleCount,
      waiting: pool.waitingCount,
      readsInFlight: reader.inFlight,
      readsSpilled: reader.spilled,
      transactionRetries: counters.retries,
    }),
    async close() {
      closing = true;
      await Promise.all([reader.close(), pool.end()]);
    },
  };
}

/** Numbers for bigint columns (ids and sizes stay far below 2^53), and a name that operators can find. */
export function clientConfig(config: pg.ClientConfig): pg.ClientConfig {
  const types = new pg.TypeOverrides();
  types.setTypeParser(pg.types.builtins.INT8, Number);
  return {
    application_name: "berth",
    keepAlive: true,
    query_timeout: DATABASE_TIMEOUTS.statement,
    types,
    ...config,
  };
}

async function translated<T>(result: Promise<T>): Promise<T> {
  try {
    return await result;
  } catch (error) {
    throw translateFailure(error);
  }
}
