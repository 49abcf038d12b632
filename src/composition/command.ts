import { postgresRepositories } from "../adapters/postgres/repositories.ts";
import type { Config } from "../config.ts";
import { openLog } from "../log.ts";
import type { Clock } from "../registry/clock.ts";
import type { RepositoryStore } from "../registry/ports/index.ts";
import { borrowDatabaseServer, migrateDatabase, openState } from "./state.ts";

/** What a command may do: the domain on the server's own database, also while the server runs. */
export interface RegistryAccess {
  readonly repositories: RepositoryStore;
  readonly clock: Clock;
  readonly account: string;
  readonly region: string;
}

/** Runs `work` on the database that configuration names, and leaves everything as it was found. */
export async function withRegistry<T>(
  config: Config,
  work: (access: RegistryAccess) => Promise<T>,
): Promise<T> {
  const log = openLog();
  const server = await borrowDatabaseServer(config, log);
  try {
    await migrateDatabase(server.connection);
    const state = await openState(config, server.connection, log);
    try {
      const { account, region } = config;
      return await work({
        repositories: postgresRepositories(state.database),
        clock: state.clock,
        account,
        region,
      });
    } finally {
      await state.close();
    }
  } finally {
    await server.stop();
  }
}
