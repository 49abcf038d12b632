import { setTimeout as sleep } from "node:timers/promises";
import type { Command } from "commander";
import type { AuditFilter, AuditReader, KeptRecord } from "../../audit/audit-log.ts";
import type { Clock } from "../../registry/clock.ts";
import { doing } from "../command-line.ts";
import { type Io, writeJsonLine } from "../io.ts";
import { type Asked, type AuditOptions, addAuditOptions, parseAsked } from "./parse.ts";
import { renderRecord } from "./render.ts";

/** What the command works on: the log in the server's database. */
export interface AuditAccess {
  readonly audit: AuditReader;
  readonly clock: Clock;
}

export type WithAudit = (work: (access: AuditAccess) => Promise<void>) => Promise<void>;

/** Milliseconds between looks for new records. */
const LOOK_EVERY = 1_000;
/** Milliseconds by which a record may become visible later than its time says: no transaction lasts longer. */
const LATE = 60_000;
/** New records of one look, at most. */
const LOOK_MAX = 10_000;

/** `berth audit`. */
export function addAudit(parent: Command, io: Io, open: WithAudit): void {
  addAuditOptions(parent.command("audit"))
    .summary("who did what, and who was refused")
    .description(
      "Every change that somebody made, and every request of somebody that was refused: the newest, in order of time.",
    )
    .action(
      doing(async (options: AuditOptions) => {
        const asked = parseAsked(options, new Date());
        const gone = new AbortController();
        // Whoever reads a pipe may have enough of it.
        io.stdout.once("error", () => gone.abort());
        const signals = io.signal === undefined ? [gone.signal] : [io.signal, gone.signal];
        await open((access) => show(access, asked, io, AbortSignal.any(signals)));
      }),
    );
}

async function show(
  { audit, clock }: AuditAccess,
  { filter, limit, follow, json }: Asked,
  io: Io,
  signal: AbortSignal,
): Promise<void> {
  const write = (records: readonly KeptRecord[]): void => {
    for (const record of records) {
      if (signal.aborted) return;
      if (json) writeJsonLine(io, record);
      else io.stdout.write(`${renderRecord(record)}\n`);
    }
  };
  const past = await audit.latest(filter, limit);
  write(past);
  if (past.length === 0) io.stderr.write("berth: no records of that\n");
  if (!follow) return;
  // What was there and is not among the newest is of the past as well.
  const lastOf = (): AuditFilter => ({ ...filter, since: new Date(clock.now().getTime() - LATE) });
  const shown = new Set([...(await audit.latest(lastOf(), LOOK_MAX)), ...past].map(({ id }) => id));
  await followAfter(shown, () => audit.latest(lastOf(), LOOK_MAX), write, signal);
}

/** Looks again and again, a little into the past, since transactions do not end in the order of their times. */
async function followAfter(
  shown: Set<number>,
  look: () => Promise<readonly KeptRecord[]>,
  write: (records: readonly KeptRecord[]) => void,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    const found = await look();
    write(found.filter(({ id }) => !shown.has(id)));
    shown.clear();
    for (const { id } of found) shown.add(id);
    await sleep(LOOK_EVERY, undefined, { signal }).catch(() => undefined);
  }
}
