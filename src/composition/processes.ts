import cluster, { type Worker } from "node:cluster";
import type { Log } from "../log.ts";
import type { RunningNode } from "./node.ts";
import { gatherMetrics } from "./process-metrics.ts";
import type { DatabaseConnection } from "./state.ts";

/** Carries the connection of the database to the processes of one node. */
const CONNECTION_VARIABLE = "BERTH_INTERNAL_DATABASE";

/** Milliseconds before a process that died is replaced. */
const REPLACE_AFTER = 1_000;

/** In a process that {@link startProcesses} made: how to reach the database; else undefined. */
export function connectionFromPrimary(): DatabaseConnection | undefined {
  const carried = cluster.isWorker ? process.env[CONNECTION_VARIABLE] : undefined;
  delete process.env[CONNECTION_VARIABLE];
  return carried === undefined ? undefined : JSON.parse(carried);
}

/** What a process says of itself once it is known. */
type Started = { readonly listening: string } | { readonly failed: string } | { readonly outdated: string };

/** Says that this process serves, why it cannot, or that no process of this program can any more. Resolves when that is on its way, or nobody is there to hear it. */
export function tellPrimary(started: Started): Promise<void> {
  return new Promise((resolve) => {
    if (process.send === undefined) resolve();
    process.send?.(started, undefined, undefined, () => resolve());
  });
}

/** Lets this process end: the channel to the primary would keep it alive. */
export function leavePrimary(): void {
  process.disconnect?.();
}

/**
 * Serves from several processes behind one port. One that dies is replaced; the others go on meanwhile.
 * @throws Error when one of them does not start; then none is left
 */
export async function startProcesses(
  count: number,
  connection: DatabaseConnection,
  log: Log,
  onOutdated: (reason: string) => void,
): Promise<RunningNode> {
  let draining = false;
  const replace = (): void => {
    setTimeout(() => {
      if (!draining) fork();
    }, REPLACE_AFTER);
  };
  const fork = (): Worker => {
    const worker = cluster.fork({ [CONNECTION_VARIABLE]: JSON.stringify(connection) });
    worker.on("message", ({ outdated }: { readonly outdated?: string }) => {
      if (outdated !== undefined) onOutdated(outdated);
    });
    worker.on("error", (error) => {
      log.warn("a process cannot be reached", { process: worker.process.pid, error: error.message });
      // One that could not even be made has no exit.
      if (worker.process.pid === undefined) replace();
    });
    return worker;
  };
  const workers = Array.from({ length: count }, fork);
  gatherMetrics();
  const address = await allListening(workers).catch(async (error: unknown) => {
    draining = true;
    await endAll();
    throw error;
  });
  cluster.on("exit", (worker, code, signal) => {
    if (draining) return;
    log.error("a process died and is replaced", { process: worker.process.pid, code, signal });
    replace();
  });
  return {
    url: address,
    async drain() {
      draining = true;
      await endAll();
    },
  };
}

async function endAll(): Promise<void> {
  const alive = Object.values(cluster.workers ?? {}).filter((worker) => worker !== undefined);
  await Promise.all(alive.filter(({ process }) => process.pid !== undefined).map(ended));
}

async function allListening(workers: readonly Worker[]): Promise<string> {
  const urls = await Promise.all(
    workers.map(
      (worker) =>
        new Promise<string>((resolve, reject) => {
          worker.on("message", (message: Partial<Record<"listening" | "failed", string>>) => {
            if (message.listening !== undefined) resolve(message.listening);
            if (message.failed !== undefined) reject(new Error(message.failed));
          });
          worker.once("exit", (code, signal) =>
            reject(new Error(`a serving process ended at once with ${signal ?? `code ${code}`}`)),
          );
          worker.once("error", (error) =>
            reject(new Error(`a serving process cannot be started: ${error.message}`)),
          );
        }),
    ),
  );
  return urls[0] ?? "";
}

function ended(worker: Worker): Promise<void> {
  return new Promise((resolve) => {
    worker.once("exit", () => resolve());
    worker.process.kill("SIGTERM");
  });
}
