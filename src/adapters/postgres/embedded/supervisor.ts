import { setTimeout as sleep } from "node:timers/promises";
import { EmbeddedPostgresError, messageOf } from "./errors.ts";
import { clearTheWay } from "./leftovers.ts";
import { keepRuntimeFolder, removeRuntimeFolder } from "./runtime-folder.ts";
import { type Server, type ServerOptions, spawnServer } from "./server.ts";
import { startWatcher } from "./watcher.ts";

export type OnEvent = (message: string, fields?: Record<string, unknown>) => void;

const FIRST_PAUSE = 100;
const LONGEST_PAUSE = 5_000;
/** Milliseconds of health after which a new failure is the first again. */
const HEALTHY_AFTER = 30_000;
const SLOW_START = 5_000;
const MEMORY_IN_USE = /pre-existing shared memory block/;
const MEMORY_ATTEMPTS = 50;

/** A server that is kept running until `stop`, and that stops when this process dies. */
export interface Supervised {
  stop(): Promise<void>;
}

/** Resolves once the server takes connections. @throws EmbeddedPostgresError when its first start fails */
export async function superviseServer(options: ServerOptions, onEvent: OnEvent): Promise<Supervised> {
  const watcher = startWatcher(options.database, options.socketDir, onEvent);
  const stopping = new AbortController();
  let server: Server | undefined;

  const start = async (): Promise<void> => {
    await keepRuntimeFolder(options.socketDir, options.account);
    server = await spawnServer(options);
    await watcher.watch(server.pid);
    // A stop that came while the process was being made did not see it.
    if (stopping.signal.aborted) await server.stop();
    const slow = setTimeout(() => onEvent("the embedded database is recovering"), SLOW_START).unref();
    await server.ready().finally(() => clearTimeout(slow));
  };

  const keepRunning = async (): Promise<void> => {
    let pause = FIRST_PAUSE;
    while (!stopping.signal.aborted) {
      const since = Date.now();
      const how = await server?.exited;
      if (stopping.signal.aborted) return;
      if (Date.now() - since > HEALTHY_AFTER) pause = FIRST_PAUSE;
      onEvent("the embedded database stopped and is started again", { how });
      for (let up = false; !up && !stopping.signal.aborted; ) {
        await sleep(pause, undefined, { signal: stopping.signal, ref: false }).catch(() => undefined);
        pause = Math.min(pause * 2, LONGEST_PAUSE);
        if (stopping.signal.aborted) return;
        try {
          await clearTheWay(options.database, options.account);
          await start();
          up = true;
          onEvent("the embedded database runs again", { pid: server?.pid });
        } catch (error) {
          if (!stopping.signal.aborted) {
            onEvent("the embedded database does not start", { error: messageOf(error) });
          }
        }
      }
    }
  };

  try {
    await startPatiently(start);
  } catch (error) {
    watcher.stop();
    await server?.stop();
    throw error;
  }
  const kept = keepRunning();
  return {
    async stop() {
      stopping.abort();
      await server?.stop();
      await kept;
      watcher.stop();
      await removeRuntimeFolder(options.socketDir);
    },
  };
}

/** The memory of a killed server is free only when the last of its processes is. */
async function startPatiently(start: () => Promise<void>): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await start();
    } catch (error) {
      const busy = error instanceof EmbeddedPostgresError && MEMORY_IN_USE.test(error.message);
      if (!busy || attempt >= MEMORY_ATTEMPTS) throw error;
      await sleep(200);
    }
  }
}
