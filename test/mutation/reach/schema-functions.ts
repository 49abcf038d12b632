import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { inject } from "vitest";
import { onDatabase } from "../../support/postgres.ts";
import { schemaId } from "./schema-id.ts";

/** A connection counts what it called when it ends, at the latest: the last one may still be about to. */
const OTHERS =
  "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() LIMIT 1";
const LOOKS = 100;
const PAUSE = 20;
const CALLED = "SELECT DISTINCT funcname AS name FROM pg_stat_user_functions WHERE calls > 0";

/**
 * Adds the functions that the database of a test has counted calls of, triggers among them, before the database is
 * dropped. It counts where `track_functions` says so.
 */
export function noteSchemaFunctions(reached: Set<string>): void {
  const { prototype } = pg.Client as unknown as { prototype: { query(...args: unknown[]): unknown } };
  const { query } = prototype;
  prototype.query = function (this: unknown, ...args: unknown[]) {
    const dropped = /^DROP DATABASE IF EXISTS (\w+)/.exec(String(args[0]))?.[1];
    if (dropped === undefined) return query.apply(this, args);
    return calledIn(dropped).then((names) => {
      for (const name of names) reached.add(schemaId(name));
      return query.apply(this, args);
    });
  };
}

async function calledIn(database: string): Promise<readonly string[]> {
  const client = new pg.Client(onDatabase(inject("postgres"), database));
  await client.connect();
  try {
    for (let looks = 0; looks < LOOKS && (await client.query(OTHERS)).rows.length > 0; looks++)
      await sleep(PAUSE);
    return (await client.query<{ name: string }>(CALLED)).rows.map(({ name }) => name);
  } finally {
    await client.end();
  }
}
