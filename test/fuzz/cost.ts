import { expect } from "vitest";
import { RawClient } from "../hostile/raw.ts";
import type { TestBerth } from "../support/berth.ts";

/** Milliseconds of one core that a request may take, whatever is in it. */
const COST_MAX = 50;
/** What is cheaper at its limit is cheap, however it grows. */
const CHEAP = 15;
/** Requests whose cost is taken together: the clock of a thread ticks every few milliseconds. */
const BATCH = 3;
/** The least of so many batches counts: what disturbs a machine only ever adds. */
const BATCHES = 8;

/** One thing of a request that may grow. */
export interface Dimension {
  readonly name: string;
  /** The largest size that a door takes, or a little more. */
  readonly limit: number;
  /** A whole request that is about `size` bytes large in this dimension. */
  readonly request: (size: number) => Buffer;
  /** Each request is another one: what was found for the last one is remembered. */
  readonly isFresh?: boolean;
  /** What happens before each request that is measured in turns. */
  readonly before?: () => Promise<void>;
}

/** Fails where a request, which may cost more because others get their turn meanwhile, keeps them waiting for long. */
export async function expectTurns(berth: TestBerth, { limit, request, before }: Dimension): Promise<void> {
  // What had to be waited for is at hand the next time, and then there is nothing to wait for.
  await send(berth, request(limit));
  let longest = Number.POSITIVE_INFINITY;
  for (let batch = 0; batch < BATCHES && longest >= COST_MAX; batch++) {
    await before?.();
    longest = Math.min(longest, await longestTurn(berth, request(limit)));
  }
  expect(longest, "milliseconds of the longest turn").toBeLessThan(COST_MAX);
}

/** Milliseconds that the thread works between two moments at which others could have been served, at most. */
async function longestTurn(berth: TestBerth, bytes: Buffer): Promise<number> {
  let [longest, isOver, before] = [0, false, process.threadCpuUsage()];
  const look = (): void => {
    const { user, system } = process.threadCpuUsage(before);
    longest = Math.max(longest, (user + system) / 1_000);
    before = process.threadCpuUsage();
    if (!isOver) setImmediate(look);
  };
  setImmediate(look);
  await send(berth, bytes);
  isOver = true;
  return longest;
}

/** Fails where a request of the largest size costs more than {@link COST_MAX}, or than its size accounts for. */
export async function expectCheap(berth: TestBerth, dimension: Dimension): Promise<void> {
  const { limit } = dimension;
  const least = async (size: number, before: number): Promise<number> =>
    Math.min(before, await costOf(berth, batchOf(dimension, size)));
  let [whole, quarter] = [await least(limit, Number.POSITIVE_INFINITY), Number.POSITIVE_INFINITY];
  for (let batch = 1; batch < BATCHES && !isCheap(whole, quarter); batch++) {
    whole = await least(limit, whole);
    quarter = await least(Math.floor(limit / 4), quarter);
  }
  if (isCheap(whole, quarter)) return;
  expect.fail(`${limit} bytes cost ${whole} ms, a quarter of them ${quarter} ms`);
}

/** A fourth of the size may cost no less than an eighth: in quadratic time it is a sixteenth. */
function isCheap(whole: number, quarter: number): boolean {
  if (whole <= CHEAP) return true;
  return whole < COST_MAX && quarter < Number.POSITIVE_INFINITY && whole < 8 * quarter + CHEAP;
}

function batchOf({ request, isFresh = false }: Dimension, size: number): readonly Buffer[] {
  const first = request(size);
  return Array.from({ length: BATCH }, (_, at) => (at > 0 && isFresh ? request(size) : first));
}

/** Milliseconds that the thread works for one request. */
async function costOf(berth: TestBerth, batch: readonly Buffer[]): Promise<number> {
  const before = process.threadCpuUsage();
  for (const bytes of batch) await send(berth, bytes);
  const { user, system } = process.threadCpuUsage(before);
  return (user + system) / 1_000 / BATCH;
}

/** Resolves when the request was answered, or refused by hanging up. */
async function send(berth: TestBerth, bytes: Buffer): Promise<void> {
  const client = new RawClient(berth.url).send(bytes);
  try {
    await client.answer(bytes.subarray(0, 5).toString() === "HEAD " ? "HEAD" : "GET");
  } finally {
    client.close();
  }
}

/** `piece` as often as fits between the two ends. */
export function fill(size: number, piece: string, before = "", after = ""): string {
  const room = Math.max(0, size - before.length - after.length);
  return before + piece.repeat(Math.floor(room / piece.length)) + after;
}
