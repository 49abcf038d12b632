import { type Command, Option } from "commander";
import type { AuditFilter } from "../../audit/audit-log.ts";
import { UsageError } from "../command-line.ts";

/** What is asked of the log. */
export interface Asked {
  readonly filter: AuditFilter;
  /** Records of the past that are shown, at most. */
  readonly limit: number;
  readonly follow: boolean;
  readonly json: boolean;
}

/** The options as they were given. */
export interface AuditOptions {
  readonly follow?: boolean;
  readonly json?: boolean;
  readonly since?: string;
  readonly until?: string;
  readonly principal?: string;
  readonly action?: string;
  readonly resource?: string;
  readonly account?: string;
  readonly ip?: string;
  readonly request?: string;
  readonly decision?: "allowed" | "denied";
  readonly limit?: string;
}

const LIMIT = 100;
const LIMIT_MAX = 100_000;
const UNITS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Declares {@link AuditOptions}. */
export function addAuditOptions(command: Command): Command {
  return command
    .option("--follow", "go on with what comes, until interrupted")
    .option("--since <time>", "a span before now, like 90m or 7d, or a time like 2026-01-31T12:00:00Z")
    .option("--until <time>", "likewise")
    .option("--principal <arn>", "* is any run of characters")
    .option("--action <action>", "likewise: 'ecr:*'")
    .option("--resource <arn>", "likewise")
    .option("--account <id>", "of the principal")
    .option("--ip <address>", "of the principal")
    .option("--request <id>", "one request")
    .addOption(new Option("--decision <decision>", "what was decided").choices(["allowed", "denied"]))
    .option("--limit <n>", `records of the past, at most; ${LIMIT} unless said otherwise`)
    .option("--json", "a record a line, with everything that is known");
}

/** @throws UsageError that names the option, the rule and the value */
export function parseAsked(options: AuditOptions, now: Date): Asked {
  const { follow = false, json = false, decision } = options;
  if (follow && options.until !== undefined) throw new UsageError("--until ends what --follow does not end");
  const { account, principal, action, resource, ip: sourceIp, request: requestId } = options;
  const filter = {
    ...{ since: timeOf("since", options.since, now), until: timeOf("until", options.until, now) },
    ...{ account, principal, action, resource, sourceIp, requestId, decision },
  };
  if (filter.since !== undefined && filter.until !== undefined && filter.since >= filter.until) {
    throw new UsageError("--since must be before --until");
  }
  return { filter, limit: limitOf(options.limit), follow, json };
}

function timeOf(option: string, value: string | undefined, now: Date): Date | undefined {
  if (value === undefined) return undefined;
  const ago = /^(\d{1,6})([smhd])$/.exec(value);
  const time =
    ago === null
      ? new Date(/^\d{4}-\d{2}-\d{2}/.test(value) ? value : Number.NaN)
      : new Date(now.getTime() - Number(ago[1]) * (UNITS[ago[2] ?? ""] ?? 0));
  if (Number.isNaN(time.getTime())) {
    throw new UsageError(
      `--${option} must be a span like 90m, or a time like 2026-01-31T12:00:00Z, not ${value}`,
    );
  }
  return time;
}

function limitOf(value: string | undefined): number {
  if (value === undefined) return LIMIT;
  const limit = /^\d{1,6}$/.test(value) ? Number(value) : 0;
  if (limit < 1 || limit > LIMIT_MAX) throw new UsageError(`--limit must be 1 to ${LIMIT_MAX}, not ${value}`);
  return limit;
}
