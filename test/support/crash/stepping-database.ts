import type { Database } from "../../../src/adapters/postgres/database.ts";
import type { Steps } from "./steps.ts";

/** The collector and the days of the audit log are kept beside every push; their statements are no steps of one. */
const BACKGROUND =
  /^(?:gc_|purge_|upload_expire|iam_session_delete_expired|audit_open_day|audit_drop_days|ready_|clock_)/;

/** The same database, whose every write is a step before and a step after. Reads change nothing and are none. */
export function steppingDatabase(database: Database, steps: Steps): Database {
  return {
    read: (statement, values) => database.read(statement, values),
    statistics: () => database.statistics(),
    close: () => database.close(),
    run<Row>(statement: Parameters<Database["run"]>[0], values: readonly unknown[]) {
      const call = (): Promise<readonly Row[]> => database.run<Row>(statement, values);
      return BACKGROUND.test(statement.name) ? call() : steps.around(statement.name, call);
    },
    async transaction(work) {
      let name: string | undefined;
      const result = await database.transaction(async (tx) => {
        name = undefined;
        const worked = await work({
          ...tx,
          async query(statement, values) {
            // Named by its first statement: until then it is open and has done nothing.
            if (name === undefined) {
              name = statement.name;
              if (!BACKGROUND.test(name)) steps.reach(`before transaction ${name}`);
            }
            const rows = await tx.query<never>(statement, values);
            if (!BACKGROUND.test(name)) steps.reach(`within ${name} after ${statement.name}`);
            return rows;
          },
        });
        if (name !== undefined && !BACKGROUND.test(name)) steps.reach(`before COMMIT of ${name}`);
        return worked;
      });
      if (name !== undefined && !BACKGROUND.test(name)) steps.reach(`after COMMIT of ${name}`);
      return result;
    },
  };
}
