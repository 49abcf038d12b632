import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import pg from "pg";
import type { Vitest } from "vitest/node";
import setup, { onDatabase } from "../../support/postgres.ts";
import { currentFunctions } from "../mutators/current-functions.ts";

/** The database that the tests copy theirs from, in which functions of the schema change without a new start. */
export class Template {
  readonly #vitest: Vitest;

  private constructor(vitest: Vitest) {
    this.#vitest = vitest;
  }

  static async open(vitest: Vitest): Promise<Template> {
    await setup(vitest);
    return new Template(vitest);
  }

  /**
   * Puts the functions that a migration has now in the place of those that it had, as if it had always been like that.
   * @throws Error when PostgreSQL takes one of them for none
   */
  async follow(migration: string): Promise<void> {
    const text = await readFile(migration, "utf8");
    const { postgres, template } = this.#vitest.getProvidedContext();
    const client = new pg.Client(onDatabase(postgres, template));
    await client.connect();
    try {
      for (const { definition } of currentFunctions(migration, text)) await client.query(definition);
      const checksum = createHash("sha256").update(text).digest("hex");
      const values = [checksum, basename(migration)];
      await client.query("UPDATE schema_migrations SET checksum = $1 WHERE name = $2", values);
    } finally {
      await client.end();
    }
  }
}
