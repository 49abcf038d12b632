import type { Writable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import type { AuditFilter, AuditReader, KeptRecord } from "../../audit/audit-log.ts";
import type { Clock } from "../../registry/clock.ts";
import { type Asked, parseAsked, UsageError } from "./parse.ts";
import { renderRecord } from "./render.ts";

/** What the command works on: the log in the server's database. */
export interface AuditAccess {
  readonly audit: AuditReader;
  readonly clock: Clock;
}

export type WithAudit = (work: (access: AuditAccess) => Promise<number>) => Promise<number>;

/** Where records go, and what ends a command that follows. */
export interface AuditOutput {
  readonly output: Writable;
  readonly signal: AbortSignal;
}

const USAGE = `berth audit [--follow] [--since TIME] [--until TIME] [--principal ARN] [--action ACTION]
            [--resource ARN] [--account ID] [--ip ADDRESS] [--request ID]
            [--decision allowed|denied] [--limit N] [--json]

Every change that somebody made, and every request of somebody that was refused: the newest, in order of time.

  --follow              go on with what comes
  --since, --until      a span before now, like 90m or 7d, or a time
  --principal, --action, --resource
                        * is any run of characters: --action 'ecr:*'
  --account ID          of the principal
  --limit N             records of the past, at most; 100 unless said otherwise
  --json                a record a line, with everything that is known
`;

/** Milliseconds between looks for new records. */
const LOOK_EVERY = 1_000;
/** Milliseconds by which a record may become visible later than its time says: no transaction lasts longer. */
const LATE = 60_000;
/** New records of one look, at most. */
const LOOK_MAX = 10_000;

/** `berth audit …`; resolves with the exit code: 0, 2 wrong usage. */
export async function auditCommand(
  argv: readonly string[],
  open: WithAudit,
  { output, signal }: AuditOutput,
): Promise<number> {
  if (argv.includes("--help")) {
    output.write(USAGE);
    return 0;
  }
  let asked: Asked;
  try {
    asked = parseAsked(argv, new Date());
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    process.stderr.write(`${error.message}\n\n${USAGE}`);
    return 2;
  }
  const gone = new AbortController();
  // Whoever reads a pipe may have enough of it.
  output.once("error", () => gone.abort());
  return open((access) => show(access, asked, output, AbortSignal.any([signal, gone.signal])));
}

async function show(
  { audit, clock }: AuditAccess,
  { filter, limit, follow, json }: Asked,
  output: Writable,
  signal: AbortSignal,
): Promise<number> {
  const write = (records: readonly KeptRecord[]): void => {
    for (const record of records) {
      if (!signal.aborted) output.write(`${json ? JSON.stringify(record) : renderRecord(record)}\n`);
    }
  };
  const past = await audit.latest(filter, limit);
  write(past);
  if (!follow) return 0;
  // What was there and is not among the newest is of the past as well.
  const lastOf = (): AuditFilter => ({ ...filter, since: new Date(clock.now().getTime() - LATE) });
  const shown = new Set([...(await audit.latest(lastOf(), LOOK_MAX)), ...past].map(({ id }) => id));
  await followAfter(shown, () => audit.latest(lastOf(), LOOK_MAX), write, signal);
  return 0;
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
