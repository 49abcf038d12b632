import { randomBytes } from "node:crypto";
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import type { Database } from "../../src/adapters/postgres/database.ts";
import { Barriers } from "../support/barrier.ts";
import { startTestBerth } from "../support/berth.ts";
import { ManualClock, MINUTE } from "../support/clock.ts";
import { exchange, expectAnswer, openRequest } from "../support/exchange.ts";
import { digestOfText } from "../support/manifests.ts";
import { deleteRepository, openSession, pushBlob, underWay } from "../support/push.ts";
import { rowsOf } from "../support/rows.ts";
import { expectPulled } from "./scene.ts";

// A process that is alone with its database goes by what it remembers of its sessions: requests meet within it.
const barriers = new Barriers();
const clock = new ManualClock();
/** Names of the statements about sessions so far. */
const statements: string[] = [];
const noting = (database: Database): Database => ({
  ...database,
  read(statement, values) {
    if (statement.name.startsWith("upload_")) statements.push(statement.name);
    return database.read(statement, values);
  },
  run(statement, values) {
    if (statement.name.startsWith("upload_")) statements.push(statement.name);
    return database.run(statement, values);
  },
});
const berth = await startTestBerth({ clock, wrapDatabase: (database) => noting(barriers.wrap(database)) });
await pushBlob(berth, "alone", "makes the repository");
afterAll(async () => {
  await barriers.close();
  await berth.stop();
});

let bytes = "";
let digest = "";
beforeEach(() => {
  bytes = randomBytes(10).toString("hex");
  digest = digestOfText(bytes);
});

const patch = (path: string, body: string) => exchange(berth, { method: "PATCH", path, body });
const put = (path: string, of = digest, body?: string) =>
  exchange(berth, { method: "PUT", path: `${path}?digest=${of}`, ...(body === undefined ? {} : { body }) });
const truth = { status: 416, code: "RANGE_INVALID", answers: { Range: "0-19" } };
const attempts = async (path: string) =>
  (
    await rowsOf<{ version: number }>(berth, "SELECT version FROM uploads WHERE id = $1", [
      path.split("/").at(-1),
    ])
  )[0]?.version;

test("the usual upload is one statement a request", async () => {
  statements.length = 0;
  const session = await openSession(berth, "alone");
  expectAnswer(await patch(session, bytes), { status: 202, answers: { Range: "0-19" } });
  expectAnswer(await put(session), { status: 201 });
  expect(statements).toEqual(["upload_create", "upload_confirm", "upload_commit"]);
  await expectPulled(berth, `/v2/alone/blobs/${digest}`, bytes);
});

describe("the attempt that a session was opened with", () => {
  // Two PATCHes of a session that was just opened meet in one process.
  // The first has the attempt that it was opened with, the second begins another one and wins.
  // The first sees 416 with the true range, and its bytes are nowhere.
  test("is for one request", async () => {
    const session = await openSession(berth, "alone");
    const hold = barriers.hold("upload_confirm");
    const first = patch(session, "never to be seen again");
    await hold.reached;
    expectAnswer(await patch(session, bytes), { status: 202, answers: { Range: "0-19" } });
    hold.release();
    expectAnswer(await first, truth);
    expectAnswer(await put(session), { status: 201 });
    await expectPulled(berth, `/v2/alone/blobs/${digest}`, bytes);
  });

  test("serves a PUT with everything", async () => {
    const session = await openSession(berth, "alone");
    expectAnswer(await put(session, digest, bytes), { status: 201 });
    await expectPulled(berth, `/v2/alone/blobs/${digest}`, bytes);
  });

  test("does not serve a chunk from the middle", async () => {
    const session = await openSession(berth, "alone");
    const headers = { "content-range": "5-9" };
    const chunk = { method: "PATCH", path: session, headers, body: "56789" };
    expectAnswer(await exchange(berth, chunk), { status: 416, code: "RANGE_INVALID" });
    expectAnswer(await patch(session, bytes), { status: 202, answers: { Range: "0-19" } });
    expectAnswer(await put(session), { status: 201 });
  });

  test("does not serve another repository", async () => {
    const session = await openSession(berth, "alone");
    const elsewhere = session.replace("/alone/", "/elsewhere/");
    expectAnswer(await patch(elsewhere, bytes), { status: 404, code: "NAME_UNKNOWN" });
    await pushBlob(berth, "elsewhere", "makes the repository");
    expectAnswer(await patch(elsewhere, bytes), { status: 404, code: "BLOB_UPLOAD_UNKNOWN" });
    expectAnswer(await patch(session, bytes), { status: 202, answers: { Range: "0-19" } });
    expectAnswer(await put(elsewhere), { status: 404, code: "BLOB_UPLOAD_UNKNOWN" });
    expectAnswer(await put(session), { status: 201 });
  });

  test("ends with the repository", async () => {
    await pushBlob(berth, "deleted", "makes the repository");
    const session = await openSession(berth, "deleted");
    await deleteRepository(berth, "deleted");
    expectAnswer(await patch(session, bytes), { status: 404, code: "NAME_UNKNOWN" });
  });

  test("ends with the session", async () => {
    const session = await openSession(berth, "alone");
    expectAnswer(await exchange(berth, { method: "DELETE", path: session }), { status: 204 });
    expectAnswer(await patch(session, bytes), { status: 404, code: "BLOB_UPLOAD_UNKNOWN" });
  });

  test("is not begun long after", async () => {
    const session = await openSession(berth, "alone");
    clock.advance(MINUTE);
    expectAnswer(await patch(session, bytes), { status: 202 });
    expect(await attempts(session)).toBe(2);
    expectAnswer(await put(session), { status: 201 });
  });
});

describe("a closing PUT that need not look for its session", () => {
  // It meets a PATCH that came after the process had looked at what it remembers.
  // The PATCH wins.
  // The PUT sees what the session holds by then, and there is no blob that nobody completed.
  test("gives way to a PATCH before its commit", async () => {
    const session = await openSession(berth, "alone");
    await patch(session, bytes);
    const hold = barriers.hold("upload_commit");
    const stalled = put(session);
    await hold.reached;
    expectAnswer(await patch(session, "!"), { status: 202, answers: { Range: "0-20" } });
    hold.release();
    expectAnswer(await stalled, { status: 400, code: "DIGEST_INVALID" });
    expectAnswer(await exchange(berth, { path: `/v2/alone/blobs/${digest}` }), { status: 404 });
    const whole = digestOfText(`${bytes}!`);
    expectAnswer(await put(session, whole), { status: 201 });
    await expectPulled(berth, `/v2/alone/blobs/${whole}`, `${bytes}!`);
  });

  // It meets a PATCH that is still under way.
  // The PUT wins: it takes the session over with what was confirmed.
  // The PATCH finds the session gone.
  test("takes over from a PATCH in its body", async () => {
    const session = await openSession(berth, "alone");
    await patch(session, bytes);
    const stalled = openRequest(berth, { method: "PATCH", path: session });
    await stalled.send(Buffer.from("more"));
    await underWay(berth, session);
    expectAnswer(await put(session), { status: 201 });
    expectAnswer(await stalled.end(), { status: 404, code: "BLOB_UPLOAD_UNKNOWN" });
    await expectPulled(berth, `/v2/alone/blobs/${digest}`, bytes);
  });

  // A crash of the database forgets what the session got last; the process remembers it, and a later attempt, which is
  // given up, gets the same version again.
  test("does not complete what a crash of the database made unwritten", async () => {
    const session = await openSession(berth, "alone");
    const id = session.split("/").at(-1);
    await patch(session, bytes.slice(0, 10));
    const [before] = await rowsOf<Record<string, unknown>>(berth, "SELECT * FROM uploads WHERE id = $1", [
      id,
    ]);
    expectAnswer(await patch(session, bytes.slice(10)), { status: 202, answers: { Range: "0-19" } });
    await rowsOf(
      berth,
      "UPDATE uploads SET version = $2, size = $3, digest = $4, content = $5, attempt_key = NULL WHERE id = $1",
      [id, before?.["version"], before?.["size"], before?.["digest"], before?.["content"]],
    );
    const headers = { "content-range": "10-19", "transfer-encoding": "chunked" };
    const short = { method: "PATCH", path: session, headers, body: "xyz" };
    expectAnswer(await exchange(berth, short), { status: 400, code: "SIZE_INVALID" });
    expectAnswer(await put(session), { status: 400, code: "DIGEST_INVALID" });
    expectAnswer(await exchange(berth, { path: `/v2/alone/blobs/${digest}` }), { status: 404 });
  });

  test("is done once, and says so twice", async () => {
    const session = await openSession(berth, "alone");
    await patch(session, bytes);
    const both = await Promise.all([put(session), put(session)]);
    for (const answer of both) expectAnswer(answer, { status: 201 });
  });
});
