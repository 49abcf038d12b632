import { afterAll, describe, expect, test } from "vitest";
import { postgresUploads } from "../../src/adapters/postgres/uploads.ts";
import { startTestBerth } from "../support/berth.ts";
import { HOUR, ManualClock } from "../support/clock.ts";
import { exchange, expectAnswer } from "../support/exchange.ts";
import { digestOfText } from "../support/manifests.ts";
import { createRepository, openSession } from "../support/push.ts";

const clock = new ManualClock();
const berth = await startTestBerth({
  clock,
  env: { BERTH_UPLOADS_PER_PRINCIPAL: "3", BERTH_REPOSITORIES_PER_REGISTRY: "1" },
});
afterAll(() => berth.stop());

const DIGEST = digestOfText("content");
const uploads = postgresUploads(berth.database, { name: "filesystem", keysOf: () => [] }, HOUR);
const expire = (idle: number): Promise<number> =>
  uploads.expire(new Date(clock.now().getTime() - idle), 100, clock.now());

test("a push makes no more repositories than a registry may have", async () => {
  await exchange(berth, { method: "DELETE", path: await openSession(berth, "lib/gone") });
  await exchange(berth, { method: "DELETE", path: await openSession(berth, "lib/app") });
  await createRepository(berth, "lib/app");
  for (const query of ["", `?digest=${DIGEST}`]) {
    const body = query === "" ? {} : { body: "content" };
    const path = `/v2/lib/more/blobs/uploads/${query}`;
    expectAnswer(await exchange(berth, { method: "POST", path, ...body }), {
      ...{ status: 403, code: "DENIED", says: "already has the maximum number of 1 repositories" },
    });
  }
});

describe("open upload sessions", () => {
  test("beyond those that a principal may have are 429, until one ends", async () => {
    const sessions = [];
    for (let at = 0; at < 3; at++) sessions.push(await openSession(berth, "lib/app"));
    const [first = "", second = ""] = sessions;
    const refused = {
      status: 429,
      code: "TOOMANYREQUESTS",
      says: "3 upload sessions",
      answers: { "Retry-After": "60" },
    };
    const post = { method: "POST", path: "/v2/lib/app/blobs/uploads/" };
    const whole = { method: "POST", path: `/v2/lib/app/blobs/uploads/?digest=${DIGEST}`, body: "content" };
    expectAnswer(await exchange(berth, post), refused);
    expectAnswer(await exchange(berth, whole), refused);
    await exchange(berth, { method: "DELETE", path: first });
    expectAnswer(await exchange(berth, whole), { status: 201 });
    expectAnswer(await exchange(berth, post), { status: 202 });
    expectAnswer(await exchange(berth, post), refused);
    const put = { method: "PUT", path: `${second}?digest=${DIGEST}`, body: "content" };
    expectAnswer(await exchange(berth, put), { status: 201 });
    expectAnswer(await exchange(berth, post), { status: 202 });
    clock.advance(HOUR);
    expect(await expire(1)).toBe(3);
  });

  test("end when they were idle for too long, and not before", async () => {
    const idle = await openSession(berth, "lib/app");
    const busy = await openSession(berth, "lib/app");
    clock.advance(23 * HOUR);
    await exchange(berth, { method: "PATCH", path: busy, body: "con" });
    expect(await expire(24 * HOUR)).toBe(0);
    clock.advance(2 * HOUR);
    expect(await expire(24 * HOUR)).toBe(1);
    for (const [method, path] of [
      ["GET", idle],
      ["PATCH", idle],
      ["PUT", `${idle}?digest=${DIGEST}`],
    ] as const) {
      // Also a PUT, though the blob is there: another upload brought it.
      expectAnswer(await exchange(berth, { method, path }), {
        status: 404,
        code: "BLOB_UPLOAD_UNKNOWN",
        says: "expired",
      });
    }
    expectAnswer(await exchange(berth, { path: busy }), { status: 204, answers: { Range: "0-2" } });
  });
});
