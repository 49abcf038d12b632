import { postgresAuditLog } from "../adapters/postgres/audit/log.ts";
import { postgresAccounts, postgresIdentity } from "../adapters/postgres/iam/index.ts";
import { postgresSealedSecrets } from "../adapters/postgres/iam/master-key-rotation.ts";
import { postgresRegistries } from "../adapters/postgres/registries.ts";
import { postgresRepositories } from "../adapters/postgres/repositories.ts";
import type { AuditReader } from "../audit/audit-log.ts";
import type { Config } from "../config.ts";
import type { Explainer } from "../iam/explain/explainer.ts";
import type { MasterKey } from "../iam/master-key.ts";
import type { KeyFiles, SealedSecrets } from "../iam/master-key-rotation.ts";
import type { AccountStore } from "../iam/principals/accounts.ts";
import type { IdentityStore } from "../iam/principals/ports/index.ts";
import { openLog } from "../log.ts";
import type { Clock } from "../registry/clock.ts";
import type { RegistryStore, RepositoryStore } from "../registry/ports/index.ts";
import { embeddedKeyFiles } from "./data-directory.ts";
import { composeExplainer } from "./explainer.ts";
import { borrowDatabaseServer, migrateDatabase, openState, type State } from "./state.ts";

/** What a command may do: the domain on the server's own database, also while the server runs. */
export interface RegistryAccess {
  readonly registries: RegistryStore;
  readonly repositories: RepositoryStore;
  readonly accounts: AccountStore;
  readonly identity: IdentityStore;
  readonly masterKey: MasterKey;
  readonly secrets: SealedSecrets;
  /** Undefined where the environment gives the master key. */
  readonly keyFiles: KeyFiles | undefined;
  readonly explainer: Explainer;
  readonly audit: AuditReader;
  readonly clock: Clock;
  readonly account: string;
  readonly region: string;
}

/** Runs `work` on the database that configuration names, and leaves everything as it was found. */
export async function withRegistry<T>(
  config: Config,
  work: (access: RegistryAccess) => Promise<T>,
): Promise<T> {
  const log = openLog(config.log);
  const server = await borrowDatabaseServer(config, log);
  try {
    await migrateDatabase(server.connection);
    const state = await openState(config, server.connection, log);
    try {
      return await work(composeRegistryAccess(config, state));
    } finally {
      await state.close();
    }
  } finally {
    await server.stop();
    await log.close();
  }
}

/** The domain on an open database. */
export function composeRegistryAccess(config: Config, state: State): RegistryAccess {
  const { database, clock, masterKey } = state;
  const { account, region } = config;
  const identity = postgresIdentity(database);
  return {
    registries: postgresRegistries(database),
    repositories: postgresRepositories(database),
    accounts: postgresAccounts(database),
    ...{ identity, masterKey, clock, account, region },
    secrets: postgresSealedSecrets(database),
    keyFiles: config.masterKey === undefined ? embeddedKeyFiles(config.dataDir) : undefined,
    explainer: composeExplainer(config, state),
    audit: postgresAuditLog(database),
  };
}
