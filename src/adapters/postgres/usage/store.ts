import type { UsageFigures, UsageQuery, UsageStore } from "../../../registry/ports/usage-store.ts";
import type { RegistryId } from "../../../registry/scope.ts";
import type { Database } from "../database.ts";
import { sqlState } from "../errors.ts";
import { USAGE, USAGE_UNPULLED } from "./statement.ts";

/** Milliseconds that a report may take. */
const TIME_MAX = 20_000;

// One core, so that a report leaves the others to those who push and pull; and memory for what it groups.
const MODESTLY = {
  name: "usage_modestly",
  text: `SELECT set_config('transaction_read_only', 'on', true), set_config('statement_timeout', $1, true),
    set_config('max_parallel_workers_per_gather', '0', true), set_config('jit', 'off', true),
    set_config('work_mem', '16MB', true)`,
};

const QUERY_CANCELED = "57014";

interface Row {
  /** Null: the total. */
  readonly name: string | null;
  readonly repositories: number;
  readonly images: number;
  readonly stale: number;
  readonly bytes: number;
  readonly saved: number;
  readonly own: number;
  readonly unpulled: number;
  readonly reclaimable: number;
}

/** {@link UsageStore}; `timeMax` in milliseconds. */
export function postgresUsage(database: Database, timeMax = TIME_MAX): UsageStore {
  return {
    async report({ id }, query) {
      const rows = await database.transaction(async (tx) => {
        await tx.query(MODESTLY, [String(timeMax)]);
        const { statement, values } = asked(id, query);
        return tx.query<Row>(statement, values).catch((error: unknown) => {
          if (sqlState(error) === QUERY_CANCELED) return "too much" as const;
          throw error;
        });
      });
      if (rows === "too much") return rows;
      const figuresOf = (row: Row): UsageFigures => toFigures(row, query.unpulledSince !== undefined);
      const [total] = rows.filter(({ name }) => name === null);
      if (total === undefined) throw new Error("PostgreSQL added nothing up");
      const lines = rows.flatMap((row) => (row.name === null ? [] : [{ name: row.name, ...figuresOf(row) }]));
      return {
        ...{ total: figuresOf(total), lines: lines.slice(0, query.limit) },
        isCut: lines.length > query.limit,
      };
    },
  };
}

function asked(registry: RegistryId, { by, namespace, unpulledSince, limit }: UsageQuery) {
  // The character after a slash, in byte order, is a zero.
  const names = namespace === undefined ? ["", ""] : [`${namespace}/`, `${namespace}0`];
  const values = [registry, ...names, by, limit + 1];
  return unpulledSince === undefined
    ? { statement: USAGE, values }
    : { statement: USAGE_UNPULLED, values: [...values, unpulledSince] };
}

function toFigures(row: Row, withUnpulled: boolean): UsageFigures {
  const { repositories, images, bytes, saved, own, stale, unpulled, reclaimable } = row;
  return {
    ...{ repositories, images, bytes, savedBytes: saved, ownBytes: own },
    unpulled: withUnpulled ? { images: stale, bytes: unpulled, reclaimableBytes: reclaimable } : undefined,
  };
}
