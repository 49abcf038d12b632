import type { Database } from "../../../src/adapters/postgres/database.ts";
import { isBackground } from "./background.ts";
import type { Steps } from "./steps.ts";

/** The same database, whose every write is a step before and a step after. Reads change nothing and are none. */
export function steppingDatabase(database: Database, steps: Steps): Database {
  return {
    read: (statement, values) => database.read(statement, values),
    statistics: () => database.statistics(),
    close: () => database.close(),
    run<Row>(statement: Parameters<Database["run"]>[0], values: readonly unknown[]) {
      const call = (): Promise<readonly Row[]> => database.run<Row>(statement, values);
      return isBackground(statement.name) ? call() : steps.around(statement.name, call);
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
              if (!isBackground(name)) steps.reach(`before transaction ${name}`);
            }
            const rows = await tx.query<never>(statement, values);
            if (!isBackground(name)) steps.reach(`within ${name} after ${statement.name}`);
            return rows;
          },
        });
        if (name !== undefined && !isBackground(name)) steps.reach(`before COMMIT of ${name}`);
        return worked;
      });
      if (name !== undefined && !isBackground(name)) steps.reach(`after COMMIT of ${name}`);
      return result;
    },
  };
}
