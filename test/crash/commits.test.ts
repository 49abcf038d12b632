import { expect, onTestFinished, test } from "vitest";
import type { Database } from "../../src/adapters/postgres/database.ts";
import { startTestBerth } from "../support/berth.ts";
import { isBackground } from "../support/crash/background.ts";
import { ask } from "../support/crash/client.ts";
import {
  cancellation,
  deletion,
  directPush,
  dockerPush,
  type Locations,
  mountingPush,
} from "../support/crash/pushes.ts";
import { rowsOf } from "../support/rows.ts";

const SETTING = {
  name: "test_synchronous_commit",
  text: `SELECT current_setting('synchronous_commit') AS setting,
    pg_current_xact_id_if_assigned() IS NOT NULL AS writes`,
};

interface Setting {
  readonly setting: string;
  /** Whether there is anything to commit. */
  readonly writes: boolean;
}

/** How a transaction ended: `name` is its first statement, `setting` its synchronous_commit. */
interface Ending extends Setting {
  readonly name: string;
}

test("what is acknowledged for good was committed to the disk; the requests of a session wait for none", async () => {
  const endings: Ending[] = [];
  const berth = await startTestBerth({ wrapDatabase: (database) => observe(database, endings) });
  onTestFinished(() => berth.stop());
  const lasting: Ending["setting"][] = [];
  const passing = new Set<Ending["setting"]>();
  const makers = { dockerPush, directPush, mountingPush, deletion, cancellation };
  for (const [name, make] of Object.entries(makers)) {
    const push = make(`commits/${name.toLowerCase()}`);
    const locations: Locations = new Map();
    for (const { request, status, opens, fact } of [...push.before, ...push.calls]) {
      endings.length = 0;
      const asked = request(locations);
      const reply = await ask(berth.url, asked);
      expect(reply.status, reply.body.toString()).toBe(status);
      if (opens !== undefined) locations.set(opens.name, String(reply.headers.location));
      const writes = endings.filter((ending) => isOfPush(ending));
      if (fact !== undefined) lasting.push(writes.at(-1)?.setting ?? "no transaction");
      else if (asked.method !== "DELETE") for (const { setting } of writes) passing.add(setting);
    }
  }
  expect(new Set(lasting)).toEqual(new Set(["on"]));
  expect(passing).toEqual(new Set(["off"]));
  expect(await rowsOf(berth, "SELECT current_setting('fsync') AS fsync")).toEqual([{ fsync: "on" }]);
});

/** A first push makes its repository, by a commit of its own. */
function isOfPush({ name, writes }: Ending): boolean {
  return writes && !isBackground(name) && !name.startsWith("repository_insert");
}

function observe(database: Database, endings: Ending[]): Database {
  const note = (name: string, [row]: readonly Setting[]): void => {
    if (row !== undefined) endings.push({ name, ...row });
  };
  return {
    ...database,
    run: (statement, values) =>
      database.transaction(async (tx) => {
        const rows = await tx.query<never>(statement, values);
        note(statement.name, await tx.query<Setting>(SETTING, []));
        return rows;
      }),
    transaction: (work) =>
      database.transaction(async (tx) => {
        let name: string | undefined;
        const result = await work({
          ...tx,
          query(statement, values) {
            name ??= statement.name;
            return tx.query(statement, values);
          },
        });
        note(name ?? "", await tx.query<Setting>(SETTING, []));
        return result;
      }),
  };
}
