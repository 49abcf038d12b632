import { postgresAuditLog } from "../adapters/postgres/audit/log.ts";
import type { Config } from "../config.ts";
import type { Log } from "../log.ts";
import { type RunningLoop, startLoop } from "../workers/loop.ts";
import type { State } from "./state.ts";

const DAY = 24 * 3_600_000;
/** Days that are open ahead, so that a node which cannot open any for a while writes where it should. */
const DAYS_AHEAD = 2;
/** Milliseconds between rounds. */
const PAUSE = 600_000;

/**
 * Opens the days of the audit log before they come; a node does so before it serves. Where it cannot (somebody copies the
 * table), the log takes records all the same, and a later round tries again.
 */
export async function openAuditDays(state: State, log: Log): Promise<void> {
  await openDays(state).catch((error: unknown) => warn(log, error));
}

async function openDays({ database, clock }: State): Promise<void> {
  const days = postgresAuditLog(database);
  const now = clock.now().getTime();
  for (let ahead = 0; ahead <= DAYS_AHEAD; ahead++) await days.open(new Date(now + ahead * DAY));
}

function warn(log: Log, error: unknown): void {
  log.warn("the days of the audit log could not be kept; it will be tried again", {
    error: error instanceof Error ? error.message : String(error),
  });
}

/** Goes on opening days, and drops those past their retention. Every node does so. */
export function startAuditDays({ auditRetention }: Config, state: State, log: Log): RunningLoop {
  const days = postgresAuditLog(state.database);
  return startLoop({
    async round() {
      await openDays(state);
      await days.drop(new Date(state.clock.now().getTime() - auditRetention));
      return false;
    },
    pause: PAUSE,
    pauseMax: PAUSE,
    onFailure: (error) => warn(log, error),
  });
}
