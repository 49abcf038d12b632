import type { Command } from "commander";
import { doing } from "./command-line.ts";
import type { Io } from "./io.ts";

/** `berth migrate`: `migrate` brings the schema up to date. */
export function addMigrate(parent: Command, io: Io, migrate: () => Promise<void>): void {
  parent
    .command("migrate")
    .summary("bring the database's schema up to date")
    .description(
      "Brings the schema of the database up to date, as a start does, without serving. Nodes of the version before go on " +
        "where the new schema allows it, and stop by themselves where it does not. No other command changes the schema.",
    )
    .action(
      doing(async () => {
        await migrate();
        io.stdout.write("the schema is up to date\n");
      }),
    );
}
