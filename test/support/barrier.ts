import { expect, vi } from "vitest";
import type { Database, Statement } from "../../src/adapters/postgres/database.ts";
import { rowsOf } from "./rows.ts";

/** Where a hold waits: before its statement is sent, or after its answer came. */
type Moment = "before" | "after";

/** A point that the next one to come there does not pass until the test lets it. */
export interface Hold {
  /** Resolves when somebody waits there. */
  readonly reached: Promise<void>;
  release(): void;
}

interface ArmedHold extends Hold {
  readonly moment: Moment;
  arrive(): Promise<void>;
}

/** The end of a transaction, as a statement that can be held. */
export const COMMIT = "COMMIT";

/**
 * Stands between a server and its database. Each {@link Barriers.hold} stops one execution of one statement, inside its
 * transaction where it has one, with all locks that it holds by then.
 */
export class Barriers {
  readonly #holds = new Map<string, ArmedHold[]>();
  readonly #all: ArmedHold[] = [];

  /** Arms a hold for the next execution of the statement of that name; two of them stop two. */
  hold(statement: string, moment: Moment = "before"): Hold {
    let arrived = (): void => undefined;
    let release = (): void => undefined;
    const reached = new Promise<void>((resolve) => (arrived = resolve));
    const released = new Promise<void>((resolve) => (release = resolve));
    const hold = {
      ...{ moment, reached, release },
      arrive() {
        arrived();
        return released;
      },
    };
    this.#all.push(hold);
    this.#holds.set(statement, [...(this.#holds.get(statement) ?? []), hold]);
    return hold;
  }

  /** Lets everybody go on, and nobody be stopped: what a test that failed left behind. */
  clear(): void {
    this.#holds.clear();
    for (const hold of this.#all.splice(0)) hold.release();
  }

  wrap(database: Database): Database {
    const around = async <T>({ name }: Pick<Statement, "name">, execute: () => Promise<T>): Promise<T> => {
      await this.#pass(name, "before");
      const result = await execute();
      await this.#pass(name, "after");
      return result;
    };
    return {
      read: (statement, values) => around(statement, () => database.read(statement, values)),
      run: (statement, values) => around(statement, () => database.run(statement, values)),
      transaction: (work) =>
        database.transaction(async (tx) => {
          const result = await work({
            query: (statement, values) => around(statement, () => tx.query(statement, values)),
          });
          await this.#pass(COMMIT, "before");
          return result;
        }),
      statistics: () => database.statistics(),
      close: () => database.close(),
    };
  }

  async #pass(name: string, moment: Moment): Promise<void> {
    const armed = this.#holds.get(name);
    const at = armed?.findIndex((hold) => hold.moment === moment) ?? -1;
    if (at >= 0) await armed?.splice(at, 1)[0]?.arrive();
  }
}

/** Resolves when `count` connections of the database wait for a lock that another one holds. */
export async function lockWaits(berth: Parameters<typeof rowsOf>[0], count = 1): Promise<void> {
  const text = `SELECT count(*)::integer AS waiting FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock'`;
  await vi.waitFor(async () => expect(await rowsOf(berth, text)).toEqual([{ waiting: count }]), {
    interval: 5,
    timeout: 10_000,
  });
}
