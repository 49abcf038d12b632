import type { Database } from "./database.ts";
import { type AppliedMigration, loadMigrations, refuseStrangers } from "./migrations.ts";

const EXISTS = { name: "schema_exists", text: "SELECT to_regclass('schema_migrations') IS NOT NULL AS yes" };
const APPLIED = {
  name: "schema_applied",
  text: "SELECT number, name, checksum, compatible_with FROM schema_migrations ORDER BY number",
};

/** The schema of a database, beside what the program was written for. */
export interface Schema {
  /** @throws Error, naming both, when the program cannot run on the schema because that is newer or was changed */
  refuseNewer(): Promise<void>;
  /** @throws Error as {@link Schema.refuseNewer}, and when the schema is older or there is none, saying what to run */
  requireCurrent(): Promise<void>;
}

/** Reads alone. `directory`: the numbered files of the program, as they are at the first call: an upgrade replaces them. */
export function postgresSchema(database: Database, directory: string): Schema {
  let migrations: ReturnType<typeof loadMigrations> | undefined;
  const known = (): ReturnType<typeof loadMigrations> => {
    migrations ??= loadMigrations(directory);
    return migrations;
  };
  const applied = async (): Promise<readonly AppliedMigration[]> => {
    const [exists] = await database.run<{ yes: boolean }>(EXISTS, []);
    return exists?.yes ? database.run<AppliedMigration>(APPLIED, []) : [];
  };
  return {
    async refuseNewer() {
      refuseStrangers(await known(), await applied());
    },
    async requireCurrent() {
      const [wanted, found] = await Promise.all([known(), applied()]);
      refuseStrangers(wanted, found);
      const missing = wanted.filter(({ number }) => !found.some((each) => each.number === number));
      if (missing.length === 0) return;
      const has = found.length === 0 ? "no schema of Berth" : `schema ${found.at(-1)?.number}`;
      throw new Error(
        `the database has ${has}, and this Berth works on schema ${wanted.at(-1)?.number}: ` +
          "`berth migrate` or a start of this Berth brings it up to date",
      );
    },
  };
}
