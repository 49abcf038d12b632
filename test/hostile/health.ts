import { expect } from "vitest";
import type { TestBerth } from "../support/berth.ts";
import { exchange } from "../support/exchange.ts";

/** After whatever was done to it, the server serves, and nothing that happened was a bug. */
export async function expectHealthy(berth: TestBerth): Promise<void> {
  expect((await exchange(berth, { path: "/v2/" })).status).toBe(200);
  expect(berth.log.filter(({ level }) => level === "error")).toEqual([]);
}
