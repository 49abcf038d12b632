import { afterAll, beforeAll, expect, test } from "vitest";
import { crashEverywhere } from "../support/crash/everywhere.ts";
import { type Lane, openLane } from "../support/crash/lane.ts";
import {
  cancellation,
  chunkedPush,
  deletion,
  directPush,
  dockerPush,
  type MakePush,
  mountingPush,
  movingPush,
  readiness,
} from "../support/crash/pushes.ts";

const MiB = 1024 * 1024;

let lane: Lane;

beforeAll(async () => {
  lane = await openLane();
});

afterAll(() => lane.close());

test.each<[string, MakePush]>([
  ["docker's push", dockerPush],
  ["a push by PUT and POST with everything", directPush],
  ["a push in chunks", chunkedPush([MiB + 7, 300_000, 3])],
  ["a push that mounts", mountingPush],
  ["a tag that moves", movingPush],
  ["a deletion", deletion],
  ["a cancelled upload", cancellation],
  ["a look at the readiness", readiness],
])("killed anywhere in %s, nothing acknowledged is lost, half visible or left over", async (name, make) => {
  const { steps, crashes, missed, problems } = await crashEverywhere(lane, make);
  console.info(`${name}: ${steps} steps, ${crashes} crashes`);
  expect({ missed, problems }).toEqual({ missed: [], problems: {} });
});
