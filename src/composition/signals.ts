import type { Log } from "../log.ts";

/** Milliseconds after the first signal from which another one ends the process at once. */
const IMPATIENCE = 1_000;
/** Milliseconds that a start has to come to its end when a signal comes meanwhile. */
const START_MAX = 3_000;

/** When this process is to end. */
export interface Signals {
  /** Resolves at the first SIGTERM, SIGINT or SIGHUP. */
  readonly first: Promise<void>;
  /** From now on there is something to drain. A start that a signal comes into, and that goes on waiting, is given up. */
  serving(): void;
}

/** Listening begins at the call, so that no signal is missed while starting. */
export function listenToSignals(log: Pick<Log, "warn" | "flush">): Signals {
  let serves = false;
  let first: number | undefined;
  const giveUp = (): void => {
    if (serves) return;
    log.warn("a signal ended the start");
    log.flush();
    // What an embedded database has begun, its watcher ends.
    process.exit(1);
  };
  return {
    first: new Promise((resolve) => {
      const onSignal = (): void => {
        if (first === undefined) {
          first = performance.now();
          setTimeout(giveUp, START_MAX).unref();
          resolve();
        } else if (performance.now() - first > IMPATIENCE) process.exit(1);
      };
      for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) process.on(signal, onSignal);
    }),
    serving() {
      serves = true;
    },
  };
}
