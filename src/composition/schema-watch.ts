import type { Schema } from "../adapters/postgres/schema.ts";
import { RegistryError } from "../registry/errors.ts";
import { type RunningLoop, startLoop } from "../workers/loop.ts";

/** Milliseconds between two looks. */
const PAUSE = 10_000;

/** Tells once, by its message, when the schema has moved on to one that this program cannot run on. */
export function watchSchema(schema: Schema, onOutdated: (reason: string) => void): RunningLoop {
  return startLoop({
    async round() {
      await schema.refuseNewer();
      return false;
    },
    pause: PAUSE,
    pauseMax: PAUSE,
    onFailure(error) {
      // A database that is away says nothing of its schema.
      if (!(error instanceof RegistryError))
        onOutdated(error instanceof Error ? error.message : String(error));
    },
  });
}
