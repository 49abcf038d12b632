import { afterAll, beforeAll, expect, test } from "vitest";
import { crashEverywhere } from "../support/crash/everywhere.ts";
import { type Lane, openLane } from "../support/crash/lane.ts";
import { realObjects, standInObjects } from "../support/crash/objects.ts";
import { chunkedPush, directPush, dockerPush, type MakePush } from "../support/crash/pushes.ts";
import type { S3StandIn } from "../support/s3-stand-in.ts";

const MiB = 1024 * 1024;

// What the database alone decides is tried beside the filesystem. A real server, where the run has one, cannot be cut in the middle of a request: there the steps alone are tried.
let lane: Lane;
let standIn: S3StandIn | undefined;

beforeAll(async () => {
  const real = await realObjects();
  const objects = real ?? (await standInObjects());
  standIn = "server" in objects ? (objects.server as S3StandIn) : undefined;
  lane = await openLane(objects);
});

afterAll(() => lane.close());

test.each<[string, MakePush]>([
  ["docker's push", dockerPush],
  ["a push by PUT and POST with everything", directPush],
  ["a push in chunks that are a part and less than one", chunkedPush([8 * MiB + 7, 3, 5])],
])("killed anywhere in %s, nothing acknowledged is lost, half visible or left over", async (name, make) => {
  const { steps, crashes, missed, problems } = await crashEverywhere(lane, make, standIn);
  console.info(`${name}: ${steps} steps, ${crashes} crashes`);
  expect({ missed, problems }).toEqual({ missed: [], problems: {} });
});
