import { spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { type Account, spawnAs } from "./account.ts";
import { HERE } from "./create-database.ts";
import { EmbeddedPostgresError, messageOf } from "./errors.ts";
import { logSince, openLogFile } from "./log-file.ts";
import { readPostmasterFile, signal } from "./processes.ts";
import type { Programs } from "./reachable-binaries.ts";
import { PORT } from "./runtime-folder.ts";
import { sharedMemoryType } from "./shared-memory.ts";

/** What a server is started with. */
export interface ServerOptions {
  readonly programs: Programs;
  /** The real path of the database's folder. */
  readonly database: string;
  readonly account: Account | undefined;
  readonly owner: Account;
  readonly socketDir: string;
  readonly logFile: string;
  readonly connections: number;
}

/** A server process, from its first moment. */
export interface Server {
  readonly pid: number;
  /** Resolves, with how, when the process is gone. */
  readonly exited: Promise<string>;
  /** Resolves once it takes connections. @throws EmbeddedPostgresError with what it logged, when it ends before */
  ready(): Promise<void>;
  /** Ends it: what is under way is rolled back, what was committed is kept. */
  stop(): Promise<void>;
}

/** Everything that matters is set here, so that no edited postgresql.conf decides about durability. */
const SETTINGS = {
  listen_addresses: "",
  port: PORT,
  unix_socket_permissions: "0700",
  fsync: "on",
  synchronous_commit: "on",
  full_page_writes: "on",
  shared_buffers: "64MB",
  max_wal_size: "512MB",
  min_wal_size: "80MB",
  jit: "off",
  // Short statements only; and workers would need room in /dev/shm, of which containers have little.
  max_parallel_workers_per_gather: 0,
  logging_collector: "off",
  log_min_messages: "warning",
  log_checkpoints: "off",
  timezone: "UTC",
  log_timezone: "UTC",
};

const FAST_SHUTDOWN = 30_000;
const IMMEDIATE_SHUTDOWN = 5_000;

export async function spawnServer(options: ServerOptions): Promise<Server> {
  const { database, account, programs, socketDir, logFile } = options;
  const log = await openLogFile(logFile, options.owner);
  const { size: logStart } = await log.stat();
  const settings = Object.entries({
    ...SETTINGS,
    unix_socket_directories: socketDir,
    max_connections: options.connections,
    dynamic_shared_memory_type: await sharedMemoryType(account),
  });
  try {
    const child = spawn(
      programs.postgres,
      ["-D", HERE, ...settings.flatMap(([name, value]) => ["-c", `${name}=${value}`])],
      {
        cwd: database,
        env: programs.environment,
        // A session of its own: what a terminal sends to Berth must not end the database before Berth has drained.
        detached: true,
        stdio: ["ignore", log.fd, log.fd],
        ...spawnAs(account),
      },
    );
    let running = true;
    const exited = new Promise<string>((resolve) => {
      const end = (how: string): void => {
        running = false;
        resolve(how);
      };
      child.once("error", (error) => end(error.message));
      child.once("exit", (code, name) => end(name === null ? `code ${code}` : `signal ${name}`));
    });
    if (child.pid === undefined) throw new EmbeddedPostgresError(`PostgreSQL cannot start: ${await exited}`);
    const { pid } = child;
    child.unref();
    return {
      pid,
      exited,
      async ready() {
        while (running) {
          const file = await readPostmasterFile(database);
          if (file?.pid === pid && file.ready) return;
          await Promise.race([exited, sleep(5)]);
        }
        const said = await logSince(logFile, logStart).catch(messageOf);
        throw new EmbeddedPostgresError(
          `the embedded PostgreSQL on ${database} did not start (${await exited}); its log ${logFile} says: ${said}`,
        );
      },
      async stop() {
        // Else a process with nothing left to do but wait for this would end.
        child.ref();
        for (const [name, limit] of SHUTDOWN) {
          if (!running) return;
          signal(pid, name);
          const patience = new AbortController();
          await Promise.race([
            exited.then(() => patience.abort()),
            sleep(limit, undefined, { signal: patience.signal }).catch(() => undefined),
          ]);
        }
        await exited;
      },
    };
  } finally {
    await log.close();
  }
}

const SHUTDOWN = [
  ["SIGINT", FAST_SHUTDOWN],
  ["SIGQUIT", IMMEDIATE_SHUTDOWN],
  ["SIGKILL", IMMEDIATE_SHUTDOWN],
] as const;
