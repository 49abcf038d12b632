import type { Clock } from "../../registry/clock.ts";
import type { Database } from "./database.ts";

const MEASURE_EVERY = 60_000;
const NOW = { name: "clock_now", text: "SELECT extract(epoch FROM clock_timestamp()) * 1000 AS now" };

/** The database's clock: ours, corrected by an offset that is measured at start and every minute. */
export async function openDatabaseClock(database: Database): Promise<Clock & { close(): void }> {
  let offset = await measureOffset(database);
  const timer = setInterval(() => {
    // Without an answer the last offset stays good enough: clocks drift by milliseconds a minute.
    measureOffset(database).then(
      (measured) => (offset = measured),
      () => undefined,
    );
  }, MEASURE_EVERY);
  timer.unref();
  return { now: () => new Date(Date.now() + offset), close: () => clearInterval(timer) };
}

async function measureOffset(database: Database): Promise<number> {
  const before = Date.now();
  const [row] = await database.run<{ now: string }>(NOW, []);
  return Math.round(Number(row?.now) - (before + Date.now()) / 2);
}
