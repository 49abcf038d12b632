import type { Database } from "./database.ts";
import type { Statement } from "./statement.ts";

/** Look-ups of one statement; more wait for no turn but go out by themselves. */
const BATCH_MAX = 200;

/**
 * For the statements of {@link BatchedReads}: makes a list of rows `q` out of parallel arrays, with `at` counting them
 * from 1. The empty function among the arrays keeps the planner's guess of their length at 100: else it would see the
 * true length of short ones and plan such a statement anew each time, which costs more than to execute it.
 */
export function keysFrom(columns: readonly { readonly name: string; readonly type: string }[]): string {
  const arrays = columns.map(({ type }, index) => `unnest($${index + 1}::${type}[])`);
  const names = columns.map(({ name }) => name);
  return `ROWS FROM (${arrays.join(", ")}, json_array_elements('[]')) WITH ORDINALITY
    AS q (${names.join(", ")}, nothing, at)`;
}

interface Waiting<Row> {
  readonly key: readonly unknown[];
  readonly resolve: (row: Row | undefined) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Point reads that come in one turn of the event loop go out as one statement. A read joins only a statement that was
 * not sent yet, so it sees everything that was committed before it was asked for.
 */
export class BatchedReads<Key extends readonly unknown[], Row extends { readonly at: number }> {
  readonly #database: Pick<Database, "read">;
  readonly #statement: Statement;
  #waiting: Waiting<Row>[] = [];

  /** `statement` takes an array for each element of a key, and returns at most one row for each key: that `at`. */
  constructor(database: Pick<Database, "read">, statement: Statement) {
    this.#database = database;
    this.#statement = statement;
  }

  /** The row of a key, if there is one. */
  read(...key: Key): Promise<Row | undefined> {
    return new Promise((resolve, reject) => {
      const waiting = this.#waiting;
      if (waiting.push({ key, resolve, reject }) === 1) setImmediate(() => this.#send(waiting));
      if (waiting.length === BATCH_MAX) this.#waiting = [];
    });
  }

  async #send(batch: readonly Waiting<Row>[]): Promise<void> {
    if (this.#waiting === batch) this.#waiting = [];
    try {
      const columns = (batch[0]?.key ?? []).map((_, column) => batch.map(({ key }) => key[column]));
      const found = new Array<Row | undefined>(batch.length);
      for (const row of await this.#database.read<Row>(this.#statement, columns)) found[row.at - 1] = row;
      for (const [index, { resolve }] of batch.entries()) resolve(found[index]);
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  }
}
