import { postgresChangeReader } from "../adapters/postgres/change-reader.ts";
import type { ChangeReader } from "../events/ports.ts";
import { Waiters } from "../events/waiters.ts";
import { PageTokens } from "../http/aws/page-tokens.ts";
import { EventCursors } from "../http/events/cursor.ts";
import type { Log } from "../log.ts";
import type { State } from "./state.ts";

/** What happened, for those who want to be told. */
export interface Events {
  readonly reader: ChangeReader;
  readonly waiters: Waiters;
  readonly cursors: EventCursors;
}

export function composeEvents({ database, masterKey }: State, log: Log): Events {
  const reader = postgresChangeReader(database);
  const onFailure = (error: unknown): void =>
    log.warn("events could not be looked for; it will be tried again", {
      error: error instanceof Error ? error.message : String(error),
    });
  return {
    reader,
    waiters: new Waiters({ reader, onFailure }),
    cursors: new EventCursors(new PageTokens(masterKey.derive("cursors of events"))),
  };
}
