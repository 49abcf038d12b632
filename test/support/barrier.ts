import pg from "pg";
import { expect, vi } from "vitest";
import type { Database } from "../../src/adapters/postgres/database.ts";
import type { Statement } from "../../src/adapters/postgres/statement.ts";
import { rowsOf } from "./rows.ts";

/** Where a hold waits: before its statement is sent, or after its answer came. */
type Moment = "before" | "after";

/** A point that the next one to come there does not pass until the test lets it. */
export interface Hold {
  /** Resolves when somebody waits there. */
  readonly reached: Promise<void>;
  release(): void;
}

/** The end of a transaction, as a statement that can be held. */
export const COMMIT = "COMMIT";

class ArmedHold implements Hold {
  readonly reached: Promise<void>;
  readonly released: Promise<void>;
  readonly moment: Moment;
  #arrive = (): void => undefined;
  #release = (): void => undefined;
  #isOver = false;

  constructor(moment: Moment) {
    this.moment = moment;
    this.reached = new Promise((resolve) => (this.#arrive = resolve));
    this.released = new Promise((resolve) => (this.#release = resolve));
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  readonly arrive = (): Promise<void> => {
    this.#arrive();
    return this.released;
  };

  readonly release = (): void => {
    this.#isOver = true;
    this.#release();
  };
}

/**
 * Stands between a server and its database. Each {@link Barriers.hold} stops one execution of one statement, inside its
 * transaction where it has one, with all locks that it holds by then. What happens within functions of the database is
 * held at their steps (`-- step: NAME` in the migrations), always after them; see {@link Barriers.within}.
 */
export class Barriers {
  readonly #holds = new Map<string, ArmedHold[]>();
  readonly #all: ArmedHold[] = [];
  #steps: StepHolds | undefined;
  /** Resolves when every hold so far is armed: nobody is let through before. */
  #arming: Promise<unknown> = Promise.resolve();

  /** Makes the steps of the database's functions points that can be held, for connections of this name. */
  async within(connection: pg.ClientConfig, applicationName: string): Promise<void> {
    this.#steps = await StepHolds.open(connection, applicationName);
  }

  /** Arms a hold for the next execution of the statement or step of that name; two of them stop two. */
  hold(statement: string, moment: Moment = "before"): Hold {
    const hold = new ArmedHold(moment);
    this.#all.push(hold);
    this.#holds.set(statement, [...(this.#holds.get(statement) ?? []), hold]);
    const arming = this.#steps?.arm(statement, hold, () => this.#take(statement, hold));
    this.#arming = Promise.all([this.#arming, arming]);
    return hold;
  }

  /** Lets everybody go on, and nobody be stopped: what a test that failed left behind. */
  clear(): void {
    this.#holds.clear();
    for (const hold of this.#all.splice(0)) hold.release();
  }

  async close(): Promise<void> {
    this.clear();
    await this.#arming;
    await this.#steps?.close();
  }

  wrap(database: Database): Database {
    const around = async <T>({ name }: Pick<Statement, "name">, execute: () => Promise<T>): Promise<T> => {
      await this.#arming;
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
            ...tx,
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
    const hold = this.#holds.get(name)?.find((armed) => armed.moment === moment);
    if (hold !== undefined && this.#take(name, hold)) await hold.arrive();
  }

  /** False when it has stopped somebody already. */
  #take(name: string, hold: ArmedHold): boolean {
    const armed = this.#holds.get(name) ?? [];
    if (!armed.includes(hold)) return false;
    this.#holds.set(
      name,
      armed.filter((other) => other !== hold),
    );
    return true;
  }
}

/** Class of the advisory locks that a hold is claimed by, and of those that it waits for. */
const CLAIM = 70_001;
const GATE = 70_002;

/** What functions call at each of their steps: the first to claim a hold waits at its gate. */
const STEP = `
  CREATE TABLE test_holds (id serial PRIMARY KEY, step text NOT NULL, node text NOT NULL);
  CREATE FUNCTION test_step(p_step text) RETURNS boolean LANGUAGE plpgsql AS $step$
  DECLARE v_id integer;
  BEGIN
    FOR v_id IN SELECT id FROM test_holds
      WHERE step = p_step AND node = current_setting('application_name') ORDER BY id LOOP
      IF pg_try_advisory_xact_lock(${CLAIM}, v_id) THEN
        PERFORM pg_advisory_xact_lock_shared(${GATE}, v_id);
        EXIT;
      END IF;
    END LOOP;
    RETURN true;
  END $step$`;

/** Puts the calls of {@link STEP} into a database's functions; to be done before servers use it. */
export async function instrumentSteps(connection: pg.ClientConfig): Promise<void> {
  const client = new pg.Client(connection);
  await client.connect();
  try {
    await client.query(STEP);
    const { rows } = await client.query(
      `SELECT pg_get_functiondef(oid) AS text FROM pg_proc
        WHERE pronamespace = 'public'::regnamespace AND prosrc LIKE '%-- step: %' AND proname <> 'test_step'`,
    );
    for (const { text } of rows) {
      await client.query(
        text
          // An assertion leaves FOUND as it was.
          .replaceAll(/-- step: (\w+)/g, "ASSERT test_step('$1');")
          // Success is said last.
          .replaceAll(/(outcome := '(?:committed|mounted|stored)';)/g, `ASSERT test_step('${COMMIT}'); $1`),
      );
    }
  } finally {
    await client.end();
  }
}

/** Holds of steps: rows that say what to stop, and advisory locks that stop it. */
class StepHolds {
  readonly #client: pg.Client;
  readonly #node: string;
  /** One statement after the other, on one connection, which has the gates. */
  #last: Promise<unknown> = Promise.resolve();
  /** What each hold has under way until it is over. */
  readonly #holds: Promise<void>[] = [];

  private constructor(client: pg.Client, node: string) {
    this.#client = client;
    this.#node = node;
  }

  static async open(connection: pg.ClientConfig, node: string): Promise<StepHolds> {
    const client = new pg.Client({ ...connection, application_name: "holds" });
    await client.connect();
    return new StepHolds(client, node);
  }

  /** `claim`: false when the hold has stopped somebody elsewhere. */
  async arm(step: string, hold: ArmedHold, claim: () => boolean): Promise<void> {
    const [row] = await this.#query(
      `WITH made AS (INSERT INTO test_holds (step, node) VALUES ($1, $2) RETURNING id)
        SELECT id, pg_advisory_lock(${GATE}, id) FROM made`,
      [step, this.#node],
    );
    const id = row?.["id"];
    this.#holds.push(this.#watch(id, hold, claim), this.#open(id, hold));
  }

  /** To be called when every hold was released. */
  async close(): Promise<void> {
    await Promise.all(this.#holds);
    await this.#client.end();
  }

  async #open(id: unknown, hold: ArmedHold): Promise<void> {
    await hold.released;
    await this.#query("DELETE FROM test_holds WHERE id = $1", [id]);
    await this.#query(`SELECT pg_advisory_unlock(${GATE}, $1)`, [id]);
  }

  async #watch(id: unknown, hold: ArmedHold, claim: () => boolean): Promise<void> {
    const text = `SELECT 1 FROM pg_locks
      WHERE locktype = 'advisory' AND classid = ${GATE} AND objid = $1 AND NOT granted`;
    while (!hold.isOver) {
      if ((await this.#query(text, [id])).length > 0) {
        claim();
        void hold.arrive();
        return;
      }
      await new Promise((resolve) => setTimeout(resolve, 3));
    }
  }

  #query(text: string, values: readonly unknown[]): Promise<readonly Record<string, unknown>[]> {
    const result = this.#last.then(async () => (await this.#client.query(text, [...values])).rows);
    this.#last = result.catch(() => undefined);
    return result;
  }
}

/** Ends the connections that are held at a step, as a crash of the process that has them would. */
export async function severHeld(berth: Parameters<typeof rowsOf>[0]): Promise<void> {
  const text = `SELECT pg_terminate_backend(pid) FROM pg_locks
    WHERE locktype = 'advisory' AND classid = ${GATE} AND NOT granted`;
  await rowsOf(berth, text);
}

/** Resolves when `count` connections of the database wait for a lock that another one holds, holds aside. */
export async function lockWaits(berth: Parameters<typeof rowsOf>[0], count = 1): Promise<void> {
  const text = `SELECT count(*)::integer AS waiting FROM pg_stat_activity a
    WHERE datname = current_database() AND wait_event_type = 'Lock' AND NOT EXISTS (
      SELECT 1 FROM pg_locks l WHERE l.pid = a.pid AND NOT l.granted AND l.locktype = 'advisory' AND l.classid = ${GATE})`;
  await vi.waitFor(async () => expect(await rowsOf(berth, text)).toEqual([{ waiting: count }]), {
    interval: 5,
    timeout: 10_000,
  });
}
