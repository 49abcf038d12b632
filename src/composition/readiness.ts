import { Readiness } from "../http/ops/readiness.ts";
import type { Log } from "../log.ts";
import { label, type Metrics } from "../metrics.ts";
import type { BlobStorage } from "../registry/ports/index.ts";
import type { State } from "./state.ts";

/** Answers only where the schema is there. */
const PROBE = { name: "ready_probe", text: "SELECT 1 FROM registries LIMIT 1" };
const PROBE_WRITES = {
  name: "ready_writes",
  text: "SELECT pg_is_in_recovery() OR current_setting('transaction_read_only')::boolean AS read_only",
};

const SECOND = 1_000;
/** Of an S3 service that bills each write. */
const S3_WRITE_REMEMBERED = 30 * SECOND;

/** What a node depends on: without database and storage it answers nothing, and where only writes fail it still reads. */
export function composeReadiness(
  { database }: Pick<State, "database">,
  storage: BlobStorage,
  metrics: Metrics,
  log: Pick<Log, "info" | "warn">,
): Readiness {
  const probeWrites = async (): Promise<void> => {
    await storage.checkWrites();
    const [row] = await database.run<{ read_only: boolean }>(PROBE_WRITES, []);
    if (row?.read_only === true) throw Object.assign(new Error("the database only reads"), { code: "25006" });
  };
  const readiness = new Readiness(
    {
      database: { probe: () => database.run(PROBE, []), isEssential: true, remember: SECOND },
      storage: { probe: () => storage.check(), isEssential: true, remember: SECOND },
      writes: {
        ...{ probe: probeWrites, isEssential: false },
        remember: storage.name === "s3" ? S3_WRITE_REMEMBERED : SECOND,
      },
    },
    (check, reason, error) => {
      if (reason === undefined) log.info("a check passes again", { check });
      else log.warn("a check fails", { check, reason, error: messageOf(error) });
    },
  );
  const ready = metrics.gauge(
    "berth_ready",
    "Whether what answers depend on is there (1) or not (0), by check.",
  );
  metrics.collect(async () => {
    const { checks } = await readiness.report();
    for (const [check, state] of Object.entries(checks))
      ready.set(state === "ok" ? 1 : 0, label("check", check));
  });
  return readiness;
}

/** The reason of a failed dependency is its cause: the error itself says what callers are told. */
function messageOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  return error.cause instanceof Error ? error.cause.message : error.message;
}
