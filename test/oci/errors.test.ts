import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { afterAll, describe, expect, test } from "vitest";
import { startTestBerth } from "../support/berth.ts";
import { exchange, expectAnswer, testExchanges } from "../support/exchange.ts";
import { digestOfText } from "../support/manifests.ts";
import { pushBlob } from "../support/push.ts";
import { rowsOf } from "../support/rows.ts";

const berth = await startTestBerth();
afterAll(() => berth.stop());

const digest = await pushBlob(berth, "lib/app", "errors");

describe("what the registry does not have", () => {
  const refused = (method: string, path: string, status: number) => ({
    name: `${method} ${path.replace(/[0-9a-f]{64}/, "…")}`,
    method,
    path,
    status,
    code: "UNSUPPORTED",
    says: `no call ${method}`,
  });
  testExchanges(berth, [
    refused("POST", "/v2/", 405),
    refused("POST", "/v2/lib/app/manifests/v1", 405),
    refused("PATCH", "/v2/lib/app/manifests/v1", 405),
    refused("PUT", `/v2/lib/app/blobs/${digest}`, 405),
    refused("POST", `/v2/lib/app/blobs/${digest}`, 405),
    refused("PUT", "/v2/lib/app/tags/list", 405),
    refused("GET", "/v2/lib/app/blobs/uploads/", 405),
    refused("DELETE", `/v2/lib/app/referrers/${digest}`, 405),
    refused("GET", "/v2/lib/app", 404),
    refused("GET", "/v2/lib/app/tags", 404),
    refused("GET", "/v2/lib/app/manifests/", 404),
    refused("GET", "/v2/tags/list", 404),
    {
      name: "GET /v1/ says where the registry is",
      path: "/v1/",
      status: 404,
      code: "UNSUPPORTED",
      says: "below /v2/",
    },
    { name: "GET /v1/search, which podman tries", path: "/v1/search?q=x", status: 404, code: "UNSUPPORTED" },
    { name: "HEAD has no body", method: "HEAD", path: "/v1/", status: 404 },
  ]);
});

test("an error body is as long as it says, and names nothing that the caller did not send", async () => {
  const answer = await exchange(berth, { path: "/v2/lib/nothing/tags/list" });
  expect(Number(answer.headers["content-length"])).toBe(answer.body.length);
  expect(JSON.parse(answer.body.toString())).toEqual({
    errors: [
      {
        code: "NAME_UNKNOWN",
        message:
          "The repository with name 'lib/nothing' does not exist in the registry with id '000000000000'",
        detail: { name: "lib/nothing" },
      },
    ],
  });
});

test("HEAD of an error says the length that GET would have, without the body", async () => {
  const path = `/v2/lib/app/blobs/${digestOfText("absent")}`;
  const got = await exchange(berth, { path });
  const head = await exchange(berth, { method: "HEAD", path });
  expectAnswer(head, { method: "HEAD", status: 404, answers: { "Content-Length": String(got.body.length) } });
});

test("every answer has a request id of its own", async () => {
  const answers = await Promise.all(Array.from({ length: 5 }, () => exchange(berth, { path: "/v2/" })));
  expect(new Set(answers.map(({ headers }) => headers["x-request-id"])).size).toBe(5);
});

test("a bug is 500 with the request id, hides what happened, and is logged with its stack", async () => {
  await rowsOf(berth, "ALTER TABLE tags RENAME TO tags_hidden");
  try {
    const answer = await exchange(berth, { path: "/v2/lib/app/tags/list?last=secret" });
    const id = String(answer.headers["x-request-id"]);
    expectAnswer(answer, { status: 500, code: "UNKNOWN", says: id });
    expect(answer.body.toString()).not.toContain("tags_hidden");
    expect(answer.body.toString()).not.toContain("relation");
    const line = berth.log.find(({ fields }) => fields["requestId"] === id);
    expect(line).toMatchObject({
      level: "error",
      fields: { fault: "bug", status: 500, route: "listTags", stack: expect.stringContaining("relation") },
    });
  } finally {
    await rowsOf(berth, "ALTER TABLE tags_hidden RENAME TO tags");
  }
});

test("a blob whose bytes storage does not have is 503, to be tried again, and no whole answer", async () => {
  const lost = await pushBlob(berth, "lib/lost", "lost");
  await rowsOf(berth, "UPDATE objects SET key = 'aa/nothing' WHERE blob_id = (SELECT max(id) FROM blobs)");
  const answer = await exchange(berth, { path: `/v2/lib/lost/blobs/${lost}` });
  expectAnswer(answer, {
    status: 503,
    code: "UNAVAILABLE",
    says: "the content of this blob is not available",
    answers: { "Retry-After": /^\d+$/ },
  });
  expect(answer.body.toString()).not.toContain("aa/nothing");
});

test("what is no HTTP is answered 400 and hung up on", async () => {
  const { hostname, port } = new URL(berth.url);
  const socket = connect(Number(port), hostname);
  socket.write("this is not HTTP\r\n\r\n");
  expect(await text(socket)).toMatch(/^HTTP\/1\.1 400 /);
});

test("headers beyond 32 KiB are refused", async () => {
  const { hostname, port } = new URL(berth.url);
  const socket = connect(Number(port), hostname);
  socket.write(`GET /v2/ HTTP/1.1\r\nHost: x\r\nX-Padding: ${"x".repeat(33 * 1024)}\r\n\r\n`);
  expect(await text(socket)).toMatch(/^HTTP\/1\.1 4\d\d /);
});
