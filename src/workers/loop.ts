import { setTimeout as sleep } from "node:timers/promises";

export interface LoopOptions {
  /** Does one round; true when there is more to do at once. */
  readonly round: () => Promise<boolean>;
  /** Milliseconds between rounds when there is nothing to do. */
  readonly pause: number;
  /** Milliseconds to wait after failures, at most; they double from {@link pause}. */
  readonly pauseMax: number;
  readonly onFailure: (error: unknown) => void;
}

export interface RunningLoop {
  /** Resolves when the round under way has ended; none begins after it. */
  stop(): Promise<void>;
}

/** Repeats a round until stopped. Pauses vary by a tenth, so that nodes started together drift apart. */
export function startLoop(options: LoopOptions): RunningLoop {
  const stopping = new AbortController();
  const running = repeat(options, stopping.signal);
  return {
    async stop() {
      stopping.abort();
      await running;
    },
  };
}

async function repeat(
  { round, pause, pauseMax, onFailure }: LoopOptions,
  signal: AbortSignal,
): Promise<void> {
  let failures = 0;
  while (!signal.aborted) {
    let more = false;
    try {
      more = await round();
      failures = 0;
    } catch (error) {
      failures++;
      onFailure(error);
    }
    if (more) continue;
    const wait = Math.min(pauseMax, pause * 2 ** failures) * (0.9 + Math.random() * 0.2);
    await sleep(wait, undefined, { signal, ref: false }).catch(() => undefined);
  }
}
