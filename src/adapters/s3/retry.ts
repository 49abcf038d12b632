import { setTimeout as sleep } from "node:timers/promises";
import { S3Failure } from "./failure.ts";

const PAUSE = 200;
const GROWTH = 4;

export interface Retry {
  readonly tries?: number;
  readonly signal?: AbortSignal | undefined;
}

/** Runs a request that may be repeated, up to three times, with growing pauses between failures that may pass. */
export async function retrying<T>(run: () => Promise<T>, { tries = 3, signal }: Retry = {}): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await run();
    } catch (error) {
      signal?.throwIfAborted();
      if (attempt >= tries || !(error instanceof S3Failure && error.isPassing)) throw error;
      const pause = PAUSE * GROWTH ** (attempt - 1);
      // Spread, so that uploads that failed together do not come back together.
      await sleep(pause * (0.5 + Math.random()), undefined, signal === undefined ? {} : { signal });
    }
  }
}
