import { parseArgs } from "node:util";
import type { AuditFilter } from "../../audit/audit-log.ts";

/** A mistake in the arguments: said with the usage, exit code 2. */
export class UsageError extends Error {}

/** What is asked of the log. */
export interface Asked {
  readonly filter: AuditFilter;
  /** Records of the past that are shown, at most. */
  readonly limit: number;
  readonly follow: boolean;
  readonly json: boolean;
}

const LIMIT = 100;
const LIMIT_MAX = 100_000;
const UNITS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** @throws UsageError that names the option, the rule and the value */
export function parseAsked(argv: readonly string[], now: Date): Asked {
  const values = readOptions(argv);
  const { follow = false, json = false, decision } = values;
  if (decision !== undefined && decision !== "allowed" && decision !== "denied") {
    throw new UsageError(`--decision must be allowed or denied, not ${decision}`);
  }
  if (follow && values.until !== undefined) throw new UsageError("--until ends what --follow does not end");
  const { account, principal, action, resource, ip: sourceIp, request: requestId } = values;
  return {
    filter: {
      ...{ since: timeOf("since", values.since, now), until: timeOf("until", values.until, now) },
      ...{ account, principal, action, resource, sourceIp, requestId, decision },
    },
    ...{ limit: limitOf(values.limit), follow, json },
  };
}

function readOptions(argv: readonly string[]) {
  const text = { type: "string" } as const;
  const flag = { type: "boolean" } as const;
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: {
        ...{ since: text, until: text, account: text, principal: text, action: text, resource: text },
        ...{ ip: text, request: text, decision: text, limit: text, follow: flag, json: flag },
      },
    });
    return values;
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
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
