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

/** Says that this process serves. */
export function tellPrimary(url: string): void {
  process.send?.({ listening: url });
}

/** Lets this process end: the channel to the primary would keep it alive. */
export function leavePrimary(): void {
  process.disconnect?.();
}

/** Serves from several processes behind one port. One that dies is replaced; the others go on meanwhile. */
export async function startProcesses(
  count: number,
  connection: DatabaseConnection,
  log: Log,
): Promise<RunningNode> {
  let draining = false;
  const fork = (): Worker => cluster.fork({ [CONNECTION_VARIABLE]: JSON.stringify(connection) });
  const workers = Array.from({ length: count }, fork);
  gatherMetrics();
  const address = await allListening(workers);
  cluster.on("exit", (worker, code, signal) => {
    if (draining) return;
    log.error("a process died and is replaced", { process: worker.process.pid, code, signal });
    setTimeout(() => {
      if (!draining) fork();
    }, REPLACE_AFTER);
  });
  return {
    url: address,
    async drain() {
      draining = true;
      const alive = Object.values(cluster.workers ?? {}).filter((worker) => worker !== undefined);
      await Promise.all(alive.map(ended));
    },
  };
}

async function allListening(workers: readonly Worker[]): Promise<string> {
  const urls = await Promise.all(
    workers.map(
      (worker) =>
        new Promise<string>((resolve, reject) => {
          worker.on("message", (message: { readonly listening?: string }) => {
            if (message.listening !== undefined) resolve(message.listening);
          });
          worker.once("exit", (code) =>
            reject(new Error(`a serving process ended at once with code ${code}`)),
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
