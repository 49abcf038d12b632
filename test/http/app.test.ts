import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout } from "node:timers/promises";
import { afterAll, expect, onTestFinished, test, vi } from "vitest";
import { createApp, type EdgeDependencies } from "../../src/http/app.ts";
import { BodyMemory } from "../../src/http/body-memory.ts";
import { CorsPolicy } from "../../src/http/cors.ts";
import type { Door } from "../../src/http/door.ts";
import { Observer } from "../../src/http/observe.ts";
import { Metrics } from "../../src/metrics.ts";
import { ALONE } from "../support/begin-exchange.ts";

const defects: string[] = [];
const log = {
  info: () => undefined,
  warn: () => undefined,
  error: (message: string, fields: Readonly<Record<string, unknown>> = {}) =>
    void defects.push(`${message}: ${fields["error"]}`),
  flush: () => undefined,
  dropped: () => 0,
};

/** A door that breaks its promise. */
const broken: Readonly<Record<string, Door>> = {
  "/throws": () => {
    throw new Error("thrown");
  },
  "/rejects": () => Promise.reject(new Error("rejected")),
};
const edge = {
  observer: new Observer(log, new Metrics(), false),
  operations: { isDraining: () => false } as EdgeDependencies["operations"],
  doors: [
    () => undefined,
    (exchange, request, response) => broken[request.url ?? ""]?.(exchange, request, response),
  ],
  ...{ whereabouts: ALONE, browserHeaders: {}, cors: new CorsPolicy([]), bodies: new BodyMemory() },
} satisfies Partial<EdgeDependencies> as Partial<EdgeDependencies> as EdgeDependencies;
const app = createApp(edge);
const server = createServer(app.listener);
await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
afterAll(() => void server.close());

test.each([
  ["throws", "thrown"],
  ["rejects", "rejected"],
])("a door that %s costs its request, not the process", async (path, said) => {
  await expect(fetch(`${url}/${path}`)).rejects.toThrow();
  expect(defects.at(-1)).toBe(`edge failed: ${said}`);
  await app.idle();
});

test("is quiet when no request has come for a while, and not at once when none is under way", async () => {
  const now = vi.spyOn(performance, "now").mockReturnValue(1_000);
  onTestFinished(() => now.mockRestore());
  await expect(fetch(`${url}/throws`)).rejects.toThrow();
  let isQuiet = false;
  const quiet = app.quiet(5).then(() => {
    isQuiet = true;
  });
  for (const time of [1_001, 1_004]) {
    now.mockReturnValue(time);
    await setTimeout(10);
    expect(isQuiet, `at ${time}`).toBe(false);
  }
  now.mockReturnValue(1_005);
  await quiet;
});
