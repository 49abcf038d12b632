import { setTimeout as sleep } from "node:timers/promises";
import type { Command } from "commander";
import type { EventEnvelope } from "../../events/envelope.ts";
import { doing } from "../command-line.ts";
import { type Io, writeJsonLine } from "../io.ts";
import { hostArgument, hostValue, regionValue } from "../login/command.ts";
import { type OwnApi, openOwnApi } from "../own-api/client.ts";
import { renderEvent } from "./render.ts";

interface EventsOptions {
  readonly follow?: boolean;
  readonly json?: boolean;
  readonly region?: string;
}

interface Page {
  readonly events: readonly EventEnvelope[];
  readonly next: string;
  readonly more: boolean;
}

/** Seconds for which the server lets an answer wait. */
const WAIT = 20;
const LIMIT = 250;
/** Milliseconds before a server is asked again that did not answer, while events are followed. */
const PAUSE = 2_000;

/** `berth events`. */
export function addEvents(parent: Command, io: Io, env: NodeJS.ProcessEnv): void {
  parent
    .command("events")
    .summary("what happened to a registry, and what happens")
    .description(
      "Shows pushes, deletions and changes of repositories, policies and settings of your account's registry: those of " +
        "the last 24 hours, in the order in which they happened.",
    )
    .argument("[host]", "may be left out when one is configured", hostValue)
    .option("--follow", "go on with what comes, until interrupted")
    .option("--region <region>", "another than the server's own", regionValue)
    .option("--json", "one event a line, as JSON")
    .action(
      doing(async (named: string | undefined, options: EventsOptions) => {
        const api = await openOwnApi(await hostArgument(named, env), env, options.region);
        const gone = new AbortController();
        // Whoever reads a pipe may have enough of it.
        io.stdout.once("error", () => gone.abort());
        const signals = io.signal === undefined ? [gone.signal] : [io.signal, gone.signal];
        await show(api, options, io, AbortSignal.any(signals));
      }),
    );
}

async function show(
  api: OwnApi,
  { follow = false, json = false }: EventsOptions,
  io: Io,
  signal: AbortSignal,
): Promise<void> {
  let after: string | undefined;
  while (!signal.aborted) {
    const page = await read(api, after, follow, signal).catch(async (error: Error) => {
      if (signal.aborted) return undefined;
      // Who has begun goes on when the server is back.
      if (!follow || after === undefined || error.cause === undefined) throw error;
      io.stderr.write(`berth: ${error.message}; trying again\n`);
      await sleep(PAUSE, undefined, { signal }).catch(() => undefined);
      return { events: [], next: after, more: true };
    });
    if (page === undefined) return;
    for (const event of page.events) {
      if (json) writeJsonLine(io, event);
      else io.stdout.write(`${renderEvent(event)}\n`);
    }
    after = page.next;
    if (!page.more && !follow) return;
  }
}

async function read(
  api: OwnApi,
  after: string | undefined,
  follow: boolean,
  signal: AbortSignal,
): Promise<Page> {
  const query = new URLSearchParams({ limit: String(LIMIT) });
  if (after !== undefined) query.set("after", after);
  if (follow) query.set("wait", String(WAIT));
  return (await api.call({ method: "GET", path: `/v1/events?${query}` }, signal)) as Page;
}
