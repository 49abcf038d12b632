import { expect, test } from "vitest";
import { startBerthProcess, withDataDir } from "../support/process.ts";

/** Milliseconds of the quickest of three starts: what else the machine does meanwhile only adds to it. */
async function quickest(start: () => Promise<number>): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round < 3; round++) times.push(await start());
  return Math.min(...times);
}

async function startedIn(dataDir: string): Promise<number> {
  const berth = await startBerthProcess({ dataDir });
  await berth.end("SIGTERM");
  return berth.startedIn;
}

test("a start takes less than 3 s with nothing there", async () => {
  expect(await quickest(() => withDataDir(startedIn))).toBeLessThan(3000);
});

test("a start takes less than 1.5 s with data", () =>
  withDataDir(async (dataDir) => {
    await startedIn(dataDir);
    expect(await quickest(() => startedIn(dataDir))).toBeLessThan(1500);
  }));
