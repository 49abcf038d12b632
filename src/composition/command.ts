import { postgresAuditLog } from "../adapters/postgres/audit/log.ts";
import {
  postgresAccounts,
  postgresIdentity,
  postgresMasterKeyRecord,
} from "../adapters/postgres/iam/index.ts";
import { postgresSealedSecrets } from "../adapters/postgres/iam/master-key-rotation.ts";
import { postgresRegistries } from "../adapters/postgres/registries.ts";
import { postgresRepositories } from "../adapters/postgres/repositories.ts";
import { postgresResourceTags } from "../adapters/postgres/resource-tags.ts";
import type { AuditReader } from "../audit/audit-log.ts";
import type { Config } from "../config.ts";
import type { Explainer } from "../iam/explain/explainer.ts";
import type { MasterKey } from "../iam/master-key.ts";
import { claimMasterKey } from "../iam/master-key-check.ts";
import type { KeyFiles, SealedSecrets } from "../iam/master-key-rotation.ts";
import type { AccountStore } from "../iam/principals/accounts.ts";
import type { IdentityStore } from "../iam/principals/ports/index.ts";
import { openLog } from "../log.ts";
import type { Clock } from "../registry/clock.ts";
import type { RegistryStore, RepositoryStore, ResourceTagStore } from "../registry/ports/index.ts";
import { embeddedKeyFiles } from "./data-directory.ts";
import { composeExplainer } from "./explainer.ts";
import {
  borrowDatabaseServer,
  type DatabaseConnection,
  migrateDatabase,
  openState,
  type State,
  schemaOf,
} from "./state.ts";

/** What a command may do: the domain on the server's own database, also while the server runs. */
export interface RegistryAccess {
  readonly registries: RegistryStore;
  readonly repositories: RepositoryStore;
  readonly resourceTags: ResourceTagStore;
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

/**
 * Runs `work` on the database that configuration names, and leaves everything as it was found.
 * @throws Error when there is no database, or its schema is another than this program's
 */
export async function withRegistry<T>(
  config: Config,
  work: (access: RegistryAccess) => Promise<T>,
): Promise<T> {
  return withState(config, async (state) => {
    await schemaOf(state).requireCurrent();
    return work(composeRegistryAccess(config, state));
  });
}

/** `berth migrate`: what a start does to the schema, without the start. */
export async function migrateRegistry(config: Config): Promise<void> {
  await withState(config, async (state, connection) => {
    await schemaOf(state).refuseNewer();
    await migrateDatabase(connection);
    await claimMasterKey(postgresMasterKeyRecord(state.database), state.masterKey);
  });
}

async function withState<T>(
  config: Config,
  work: (state: State, connection: DatabaseConnection) => Promise<T>,
): Promise<T> {
  const log = openLog(config.log);
  const server = await borrowDatabaseServer(config, log);
  try {
    const state = await openState(config, server.connection, log);
    try {
      return await work(state, server.connection);
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
    repositories: postgresRepositories(database, config.repositoriesPerRegistry),
    resourceTags: postgresResourceTags(database),
    accounts: postgresAccounts(database),
    ...{ identity, masterKey, clock, account, region },
    secrets: postgresSealedSecrets(database),
    keyFiles: config.masterKey === undefined ? embeddedKeyFiles(config.dataDir) : undefined,
    explainer: composeExplainer(config, state),
    audit: postgresAuditLog(database),
  };
}
