import type pg from "pg";
import { brokenUnique, isConnectionFailure, missedPartition, sqlState } from "./errors.ts";
import type { Statement } from "./statement.ts";

const TRIES_MAX = 6;
/** Milliseconds before the first retry; doubles, with as much again at random. */
const PAUSE = 4;

/** Statements inside one transaction. */
export interface Transaction {
  query<Row>(statement: Statement, values: readonly unknown[]): Promise<readonly Row[]>;
}

/** Runs `work` in one transaction, retried as {@link retried} says. */
export function runTransaction<T>(
  pool: pg.Pool,
  counters: { retries: number },
  work: (tx: Transaction) => Promise<T>,
): Promise<T> {
  return retried(counters, () => once(pool, work));
}

/**
 * Tries a transaction, which may be one statement. Serialization failures, deadlocks, a lost race for a tag's next
 * revision and a day of the audit log that was opened meanwhile are tried again, a few times, with growing pauses. A connection that is lost is not: whether COMMIT happened
 * is then unknown, and the caller's request can be repeated safely, because every change here is found again by its
 * natural key.
 */
export async function retried<T>(counters: { retries: number }, attempt: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await attempt();
    } catch (error) {
      if (tries === TRIES_MAX || !isRetryable(error)) throw error;
      counters.retries++;
      const pause = PAUSE * 2 ** tries;
      await new Promise((resolve) => setTimeout(resolve, pause + Math.random() * pause));
    }
  }
}

async function once<T>(pool: pg.Pool, work: (tx: Transaction) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  let broken: Error | undefined;
  // Between statements nobody else listens, and an unheard 'error' event would end the process.
  const onError = (error: Error): void => {
    broken = error;
  };
  client.on("error", onError);
  try {
    await client.query("BEGIN; SET LOCAL statement_timeout = '30s'; SET LOCAL lock_timeout = '15s'");
    const result = await work({
      query: async (statement, values) =>
        (await client.query({ name: statement.name, text: statement.text, values: [...values] })).rows,
    });
    await client.query("COMMIT");
    return result;
  } catch (error) {
    if (isConnectionFailure(error)) broken ??= error as Error;
    else await client.query("ROLLBACK").catch((failure: Error) => (broken ??= failure));
    throw error;
  } finally {
    client.off("error", onError);
    client.release(broken);
  }
}

function isRetryable(error: unknown): boolean {
  const state = sqlState(error);
  return (
    state === "40001" ||
    state === "40P01" ||
    brokenUnique(error) === "tag_history_pkey" ||
    missedPartition(error)
  );
}
