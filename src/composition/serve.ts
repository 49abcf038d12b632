import { postgresAccessKeyStore, postgresMasterKeyRecord } from "../adapters/postgres/iam/index.ts";
import type { Config } from "../config.ts";
import { type BootstrapOutcome, bootstrap, type Credentials } from "../iam/access-keys.ts";
import { claimMasterKey } from "../iam/master-key-check.ts";
import { openLineSink } from "../log/line-sink.ts";
import { type Log, openLog } from "../log.ts";
import { keepAdministrator, keptAdministrator } from "./data-directory.ts";
import { exposureWarning } from "./exposure.ts";
import { type RunningNode, startNode } from "./node.ts";
import { connectionFromPrimary, leavePrimary, startProcesses, tellPrimary } from "./processes.ts";
import { watchSchema } from "./schema-watch.ts";
import { listenToSignals, type Signals } from "./signals.ts";
import {
  type DatabaseConnection,
  migrateDatabase,
  openState,
  type State,
  schemaOf,
  startDatabaseServer,
} from "./state.ts";
import { openStorage } from "./storage.ts";
import { welcome } from "./welcome.ts";

const STDOUT = 1;

/** `berth start`: everything, until a signal ends it. */
export async function serve(config: Config): Promise<void> {
  const log = openLog(config.log);
  speakForNode(log);
  const signals = listenToSignals(log);
  const carried = connectionFromPrimary();
  try {
    if (carried === undefined) await serveAll(config, log, signals);
    else await serveRequests(config, carried, log, signals);
  } finally {
    await log.close();
  }
}

/** One of the processes that {@link startProcesses} makes. */
async function serveRequests(
  config: Config,
  connection: DatabaseConnection,
  log: Log,
  signals: Signals,
): Promise<void> {
  let node: RunningNode;
  try {
    const state = await openState(config, connection, log);
    node = await startServing(config, state, log, (reason) => void tellPrimary({ outdated: reason }));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    log.error("a process cannot serve", { error: reason });
    await tellPrimary({ failed: reason });
    // The channel to the primary would keep it alive.
    process.exit(1);
  }
  await tellPrimary({ listening: node.url });
  signals.serving();
  await signals.first;
  await node.drain();
  leavePrimary();
}

async function serveAll(config: Config, log: Log, signals: Signals): Promise<void> {
  const exposed = exposureWarning(config);
  if (exposed !== undefined) log.warn(exposed);
  const server = await startDatabaseServer(config, `${config.listen.host}:${config.listen.port}`, log);
  let outdated: string | undefined;
  const endOutdated = (reason: string): void => {
    if (outdated !== undefined) return;
    outdated = reason;
    log.error("this node ends", { reason });
    process.kill(process.pid, "SIGTERM");
  };
  try {
    const state = await openState(config, server.connection, log, true);
    const generated = await closedOnFailure(state, () =>
      prepareDatabase(config, state, server.connection, log),
    );
    const node = await (config.processes === 1
      ? startServing(config, state, log, endOutdated)
      : state.close().then(() => startProcesses(config.processes, server.connection, log, endOutdated)));
    const administrator = generated ?? (await keptAdministrator(config));
    const welcoming = openLineSink(STDOUT, () => "");
    welcoming.write(welcome(config, node.url, administrator, generated !== undefined));
    welcoming.flush();
    signals.serving();
    await signals.first;
    await node.drain();
  } finally {
    await server.stop();
  }
  if (outdated !== undefined) throw new Error(outdated);
}

/** In this process, until it is drained. `onOutdated` is told when the schema has moved on without it. */
async function startServing(
  config: Config,
  state: State,
  log: Log,
  onOutdated: (reason: string) => void,
): Promise<RunningNode> {
  const node = await closedOnFailure(state, async () =>
    startNode(config, state, await openStorage(config), log),
  );
  const watch = watchSchema(schemaOf(state), onOutdated);
  return {
    url: node.url,
    async drain() {
      await watch.stop();
      await node.drain();
    },
  };
}

/** Connections that stay open would hold up the end of a process whose start failed. */
async function closedOnFailure<T>(state: State, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    await state.close().catch(() => undefined);
    throw error;
  }
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

/** What Node itself would write to stderr, and wait for its reader, goes into the log: its warnings, and what nothing caught. */
function speakForNode(log: Log): void {
  process.removeAllListeners("warning");
  process.on("warning", ({ name, message }) => log.warn(message, { name }));
  process.on("uncaughtException", (error: unknown) => {
    const { message, stack } = error instanceof Error ? error : new Error(String(error));
    log.error("a defect ends this process", { error: message, stack });
    process.exit(1);
  });
}
