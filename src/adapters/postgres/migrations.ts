import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

/** A numbered change of the schema. That of the program is the number of its newest one. */
export interface Migration {
  readonly number: number;
  readonly name: string;
  readonly sql: string;
  readonly checksum: string;
  /** The oldest schema number whose programs can run beside this one; older nodes stop (`-- compatible-with: N`). */
  readonly compatibleWith: number;
  /** `-- no-transaction`: for statements that Postgres refuses inside one. */
  readonly transactional: boolean;
}

/** A migration that a database has. */
export interface AppliedMigration {
  readonly number: number;
  readonly name: string;
  readonly checksum: string;
  readonly compatible_with: number;
}

/** The files of the program, in their order. */
export async function loadMigrations(directory: string): Promise<readonly Migration[]> {
  const names = (await readdir(directory)).filter((name) => /^\d{4}_[a-z0-9_]+\.sql$/.test(name)).sort();
  return Promise.all(
    names.map(async (name) => {
      const sql = await readFile(join(directory, name), "utf8");
      const number = Number(name.slice(0, 4));
      return {
        number,
        name,
        sql,
        checksum: createHash("sha256").update(sql).digest("hex"),
        compatibleWith: Number(/^-- compatible-with: (\d+)$/m.exec(sql)?.[1] ?? number),
        transactional: !/^-- no-transaction$/m.test(sql),
      };
    }),
  );
}

/** @throws Error when an applied file was changed, or the database is of a newer program that this one cannot run beside */
export function refuseStrangers(
  migrations: readonly Migration[],
  applied: readonly AppliedMigration[],
): void {
  const newest = migrations.at(-1)?.number ?? 0;
  for (const row of applied) {
    const known = migrations.find(({ number }) => number === row.number);
    if (known !== undefined && known.checksum !== row.checksum) {
      throw new Error(
        `migration ${row.name} was changed after it had been applied; restore the file as it was released`,
      );
    }
    if (known === undefined && row.compatible_with > newest) {
      throw new Error(
        `the database has schema ${row.number} (${row.name}), which needs a Berth of schema ${row.compatible_with} or newer; ` +
          `this one knows ${newest}: upgrade it`,
      );
    }
  }
}
