import { postgresAccessKeyStore, postgresMasterKeyRecord } from "../adapters/postgres/iam/index.ts";
import type { Config } from "../config.ts";
import { type BootstrapOutcome, bootstrap, type Credentials } from "../iam/access-keys.ts";
import { claimMasterKey } from "../iam/master-key-check.ts";
import { type Log, openLog } from "../log.ts";
import { keepAdministrator, keptAdministrator } from "./data-directory.ts";
import { type RunningNode, startNode } from "./node.ts";
import { connectionFromPrimary, leavePrimary, startProcesses, tellPrimary } from "./processes.ts";
import {
  type DatabaseConnection,
  migrateDatabase,
  openState,
  type State,
  startDatabaseServer,
} from "./state.ts";
import { openStorage } from "./storage.ts";
import { welcome } from "./welcome.ts";

/** Milliseconds after the first signal from which another one ends the process at once. */
const IMPATIENCE = 1_000;

/** `berth start`: everything, until a signal ends it. */
export async function serve(config: Config): Promise<void> {
  const log = openLog();
  const signalled = firstSignal();
  const carried = connectionFromPrimary();
  if (carried !== undefined) {
    const node = await startNode(
      config,
      await openState(config, carried, log),
      await openStorage(config),
      log,
    );
    tellPrimary(node.url);
    await signalled;
    await node.drain();
    log.flush();
    leavePrimary();
    return;
  }
  const server = await startDatabaseServer(config, `${config.listen.host}:${config.listen.port}`, log);
  try {
    const state = await openState(config, server.connection, log, true);
    const generated = await prepareDatabase(config, state, server.connection, log).catch(async (error) => {
      await state.close();
      throw error;
    });
    const node = await startServing(config, state, server.connection, log);
    process.stdout.write(
      welcome(config, node.url, generated ?? (await keptAdministrator(config)), generated !== undefined),
    );
    await signalled;
    await node.drain();
  } finally {
    await server.stop();
    log.flush();
  }
}

async function startServing(
  config: Config,
  state: State,
  connection: DatabaseConnection,
  log: Log,
): Promise<RunningNode> {
  if (config.processes === 1) return startNode(config, state, await openStorage(config), log);
  await state.close();
  return startProcesses(config.processes, connection, log);
}

/** Schema, master key and administrator. @returns the administrator's key when this start has made it */
async function prepareDatabase(
  config: Config,
  state: State,
  connection: DatabaseConnection,
  log: Log,
): Promise<Credentials | undefined> {
  await migrateDatabase(connection);
  await claimMasterKey(postgresMasterKeyRecord(state.database), state.masterKey);
  const { generated, warning } = await bootstrapAdministrator(config, state);
  if (warning !== undefined) log.warn(warning);
  return generated;
}

/** Makes the default account and its first key; see {@link bootstrap}. */
export function bootstrapAdministrator(config: Config, state: State): Promise<BootstrapOutcome> {
  const { account, region, administrator, dataDir } = config;
  const keep =
    config.database === undefined
      ? (credentials: Credentials) => keepAdministrator(dataDir, credentials)
      : undefined;
  return bootstrap(
    postgresAccessKeyStore(state.database),
    state.masterKey,
    { account, region, administrator, keep },
    state.clock.now(),
  );
}

/** Resolves at the first SIGTERM or SIGINT. Listening begins at the call, so that no signal is missed while starting. */
function firstSignal(): Promise<void> {
  return new Promise((resolve) => {
    let first: number | undefined;
    const onSignal = (): void => {
      if (first !== undefined && performance.now() - first > IMPATIENCE) process.exit(1);
      first ??= performance.now();
      resolve();
    };
    process.on("SIGTERM", onSignal).on("SIGINT", onSignal);
  });
}
