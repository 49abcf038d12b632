import { randomUUID } from "node:crypto";
import { afterAll, describe, expect, test, vi } from "vitest";
import { startTestBerth } from "../support/berth.ts";
import { type Answer, exchange, expectAnswer, openRequest, testExchanges } from "../support/exchange.ts";
import { digestOfText } from "../support/manifests.ts";
import { createRepository, openSession, pushBlob, underWay } from "../support/push.ts";
import { hexOf, rowsOf } from "../support/rows.ts";

const berth = await startTestBerth();
afterAll(() => berth.stop());

const CONTENT = "0123456789abcdefghij";
const DIGEST = digestOfText(CONTENT);
const WRONG = digestOfText("something else");
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

const send = (
  method: string,
  path: string,
  body?: string | Buffer,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> => exchange(berth, { method, path, headers, ...(body === undefined ? {} : { body }) });

const chunk = (session: string, start: number, text: string): Promise<Answer> =>
  send("PATCH", session, text, { "content-range": `${start}-${start + text.length - 1}` });

const complete = (session: string, digest: string, body?: string): Promise<Answer> =>
  send("PUT", `${session}?digest=${digest}`, body);

async function expectBlob(name: string, digest: string, content: string | Buffer): Promise<void> {
  const head = await send("HEAD", `/v2/${name}/blobs/${digest}`);
  expectAnswer(head, {
    method: "HEAD",
    status: 200,
    answers: { "Content-Length": String(content.length), "Docker-Content-Digest": digest },
  });
  expectAnswer(await send("GET", `/v2/${name}/blobs/${digest}`), { status: 200, content });
}

/** What GET of a session says, and how it continues. */
const at = (session: string, size: number) => ({
  Location: session,
  Range: `0-${Math.max(0, size - 1)}`,
  "Docker-Upload-UUID": session.split("/").at(-1) ?? "",
});

const created = (name: string, digest: string) => ({
  Location: `/v2/${name}/blobs/${digest}`,
  "Docker-Content-Digest": digest,
});

describe("POST", () => {
  test("opens a session", async () => {
    const answer = await send("POST", "/v2/up/post/blobs/uploads/");
    expectAnswer(answer, {
      status: 202,
      answers: {
        Location: /^\/v2\/up\/post\/blobs\/uploads\/[0-9a-f-]{36}$/,
        "Docker-Upload-UUID": UUID,
        Range: "0-0",
        "OCI-Chunk-Min-Length": null,
      },
    });
  });

  test("works without the slash at its end too", async () => {
    expectAnswer(await send("POST", "/v2/up/post/blobs/uploads"), { status: 202 });
  });

  test("with digest uploads in one request", async () => {
    const answer = await send("POST", `/v2/up/whole/blobs/uploads/?digest=${DIGEST}`, CONTENT);
    expectAnswer(answer, { status: 201, answers: created("up/whole", DIGEST) });
    await expectBlob("up/whole", DIGEST, CONTENT);
  });

  test("with digest may carry no bytes at all", async () => {
    const digest = digestOfText("");
    const answer = await send("POST", `/v2/up/whole/blobs/uploads/?digest=${digest}`);
    expectAnswer(answer, { status: 201, answers: created("up/whole", digest) });
    await expectBlob("up/whole", digest, "");
  });

  test("with a digest that its bytes do not have leaves nothing, not even a session", async () => {
    const answer = await send("POST", `/v2/up/wrong/blobs/uploads/?digest=${WRONG}`, CONTENT);
    expectAnswer(answer, { status: 400, code: "DIGEST_INVALID", says: DIGEST });
    for (const digest of [WRONG, DIGEST]) {
      expect((await send("HEAD", `/v2/up/wrong/blobs/${digest}`)).status).toBe(404);
    }
    const open = await rowsOf(
      berth,
      "SELECT 1 FROM uploads u JOIN repositories r ON r.id = u.repository_id WHERE r.name = $1",
      ["up/wrong"],
    );
    expect(open).toEqual([]);
  });

  test.each([
    "mount=&from=",
    "mount=",
    "mount=&from=up/post",
    "digest=",
    "mount=&digest=",
    "digest-algorithm=",
  ])("with %s asks for nothing but a session", async (query) => {
    expectAnswer(await send("POST", `/v2/up/post/blobs/uploads/?${query}`), {
      ...{ status: 202, answers: { "Docker-Upload-UUID": UUID } },
    });
  });

  test("with an empty mount and a digest uploads in one request", async () => {
    const answer = await send("POST", `/v2/up/post/blobs/uploads/?mount=&from=&digest=${DIGEST}`, CONTENT);
    expectAnswer(answer, { status: 201, answers: created("up/post", DIGEST) });
  });

  testExchanges(berth, [
    {
      name: "with bytes and an empty digest is refused",
      method: "POST",
      path: "/v2/up/post/blobs/uploads/?digest=",
      body: CONTENT,
      status: 400,
      code: "DIGEST_INVALID",
    },
    {
      name: "with a malformed digest is refused",
      method: "POST",
      path: "/v2/up/post/blobs/uploads/?digest=sha256:abc",
      status: 400,
      code: "DIGEST_INVALID",
    },
    {
      name: "with a digest-algorithm that nobody computes is refused by name",
      method: "POST",
      path: "/v2/up/post/blobs/uploads/?digest-algorithm=sha384",
      status: 400,
      code: "DIGEST_INVALID",
      says: "sha384",
    },
  ]);
});

describe("PATCH", () => {
  test("streams everything, chunked, and an empty PUT completes it, as docker does", async () => {
    const session = await openSession(berth, "up/stream");
    const request = openRequest(berth, { method: "PATCH", path: session });
    for (const piece of CONTENT) await request.send(Buffer.from(piece));
    expectAnswer(await request.end(), { status: 202, answers: at(session, CONTENT.length) });
    expectAnswer(await complete(session, DIGEST), { status: 201, answers: created("up/stream", DIGEST) });
    await expectBlob("up/stream", DIGEST, CONTENT);
  });

  test("with Content-Length and no Content-Range streams as well, and may be repeated", async () => {
    const session = await openSession(berth, "up/lengths");
    expectAnswer(await send("PATCH", session, CONTENT.slice(0, 8)), { status: 202, answers: at(session, 8) });
    expectAnswer(await send("PATCH", session, CONTENT.slice(8)), { status: 202, answers: at(session, 20) });
    expectAnswer(await complete(session, DIGEST), { status: 201 });
    await expectBlob("up/lengths", DIGEST, CONTENT);
  });

  test("by chunks in order builds the blob, and none of them is read back to be hashed", async () => {
    const before = await metric("berth_upload_read_back_total");
    const session = await openSession(berth, "up/chunks");
    for (const [start, end] of [
      [0, 1],
      [1, 7],
      [7, 20],
    ] as const) {
      expectAnswer(await chunk(session, start, CONTENT.slice(start, end)), {
        status: 202,
        answers: at(session, end),
      });
    }
    expectAnswer(await complete(session, DIGEST), { status: 201 });
    await expectBlob("up/chunks", DIGEST, CONTENT);
    expect(await metric("berth_upload_read_back_total")).toBe(before);
  });

  test.each(["bytes 0-19/*", "bytes 0-19/20", "bytes=0-19", "0-19"])(
    "takes Content-Range: %s",
    async (range) => {
      const session = await openSession(berth, "up/ranges");
      expectAnswer(await send("PATCH", session, CONTENT, { "content-range": range }), { status: 202 });
    },
  );

  test.each([
    ["too far on", 9, CONTENT.slice(9)],
    ["from the start again", 0, CONTENT],
    ["overlapping what is there", 4, CONTENT.slice(4)],
  ])("of a chunk %s is 416 with the true range and location, and changes nothing", async (_, start, text) => {
    const session = await openSession(berth, "up/order");
    await chunk(session, 0, CONTENT.slice(0, 8));
    expectAnswer(await chunk(session, start, text), {
      status: 416,
      code: "RANGE_INVALID",
      says: "has 8 bytes",
      answers: at(session, 8),
    });
    expectAnswer(await send("GET", session), { status: 204, answers: at(session, 8) });
    expectAnswer(await chunk(session, 8, CONTENT.slice(8)), { status: 202 });
    expectAnswer(await complete(session, DIGEST), { status: 201 });
  });

  test("that begins a session out of order is 416 too", async () => {
    const session = await openSession(berth, "up/order");
    expectAnswer(await chunk(session, 1, "x"), {
      status: 416,
      code: "RANGE_INVALID",
      answers: at(session, 0),
    });
  });

  test("whose Content-Range contradicts its length is refused and adds nothing", async () => {
    const session = await openSession(berth, "up/order");
    expectAnswer(await send("PATCH", session, CONTENT, { "content-range": "0-5" }), {
      status: 400,
      code: "SIZE_INVALID",
    });
    expectAnswer(await send("GET", session), { status: 204, answers: at(session, 0) });
  });

  test("that streams fewer bytes than its Content-Range says is refused and adds nothing", async () => {
    const session = await openSession(berth, "up/order");
    const request = openRequest(berth, {
      method: "PATCH",
      path: session,
      headers: { "content-range": "0-19", "transfer-encoding": "chunked" },
    });
    await request.send(Buffer.from("short"));
    expectAnswer(await request.end(), {
      status: 400,
      code: "SIZE_INVALID",
      says: "announces 20 bytes, 5 came",
    });
    expectAnswer(await send("GET", session), { status: 204, answers: at(session, 0) });
  });

  test.each(["0-", "19-0", "twenty", "bytes */20"])("with Content-Range: %s is refused", async (range) => {
    const session = await openSession(berth, "up/order");
    expectAnswer(await send("PATCH", session, CONTENT, { "content-range": range }), {
      status: 400,
      code: "BLOB_UPLOAD_INVALID",
    });
  });

  test("of no bytes changes nothing", async () => {
    const session = await openSession(berth, "up/nothing");
    expectAnswer(await send("PATCH", session), { status: 202, answers: at(session, 0) });
    expectAnswer(await complete(session, digestOfText("")), { status: 201 });
    await expectBlob("up/nothing", digestOfText(""), "");
  });

  test("that a client breaks off leaves what came: GET says how much, the next PATCH goes on", async () => {
    const session = await openSession(berth, "up/broken");
    const broken = openRequest(berth, { method: "PATCH", path: session });
    await broken.send(Buffer.from(CONTENT.slice(0, 12)));
    await taken(12);
    broken.abort();
    await offset(session, 12);
    expectAnswer(await chunk(session, 12, CONTENT.slice(12)), { status: 202, answers: at(session, 20) });
    expectAnswer(await complete(session, DIGEST), { status: 201 });
    await expectBlob("up/broken", DIGEST, CONTENT);
  });

  test("of a declared range that a client breaks off leaves nothing of it", async () => {
    const session = await openSession(berth, "up/broken");
    await chunk(session, 0, CONTENT.slice(0, 4));
    const broken = openRequest(berth, {
      method: "PATCH",
      path: session,
      headers: { "content-range": "4-19", "content-length": "16" },
    });
    await broken.send(Buffer.from(CONTENT.slice(4, 12)));
    await taken(8);
    broken.abort();
    await offset(session, 4);
    expectAnswer(await complete(session, DIGEST, CONTENT.slice(4)), { status: 201 });
    await expectBlob("up/broken", DIGEST, CONTENT);
  });

  test("fences off the request before it, which sees the true range", async () => {
    const session = await openSession(berth, "up/fenced");
    await chunk(session, 0, CONTENT.slice(0, 4));
    const late = openRequest(berth, { method: "PATCH", path: session });
    await late.send(Buffer.from("never confirmed"));
    await underWay(berth, session);
    expectAnswer(await chunk(session, 4, CONTENT.slice(4)), { status: 202, answers: at(session, 20) });
    expectAnswer(await late.end(), { status: 416, code: "RANGE_INVALID", answers: at(session, 20) });
    expectAnswer(await complete(session, DIGEST), { status: 201 });
    await expectBlob("up/fenced", DIGEST, CONTENT);
  });
});

describe("PUT", () => {
  test("with the whole body completes a new session, as containerd does", async () => {
    const session = await openSession(berth, "up/put");
    expectAnswer(await complete(session, DIGEST, CONTENT), {
      status: 201,
      answers: created("up/put", DIGEST),
    });
    await expectBlob("up/put", DIGEST, CONTENT);
  });

  test("with the last chunk completes", async () => {
    const session = await openSession(berth, "up/last");
    await chunk(session, 0, CONTENT.slice(0, 13));
    const last = await send("PUT", `${session}?digest=${DIGEST}`, CONTENT.slice(13), {
      "content-range": "13-19",
    });
    expectAnswer(last, { status: 201 });
    await expectBlob("up/last", DIGEST, CONTENT);
  });

  test("with a last chunk out of order is 416 with the true range", async () => {
    const session = await openSession(berth, "up/last");
    await chunk(session, 0, CONTENT.slice(0, 13));
    const last = await send("PUT", `${session}?digest=${DIGEST}`, CONTENT.slice(5), {
      "content-range": "5-19",
    });
    expectAnswer(last, { status: 416, code: "RANGE_INVALID", answers: at(session, 13) });
  });

  test("of an empty session with the digest of nothing makes the empty blob", async () => {
    const session = await openSession(berth, "up/empty");
    expectAnswer(await complete(session, digestOfText("")), { status: 201 });
    await expectBlob("up/empty", digestOfText(""), "");
  });

  test("keeps a session's own query parameters apart", async () => {
    const session = await openSession(berth, "up/query");
    const answer = await send("PUT", `${session}?_state=x&digest=${encodeURIComponent(DIGEST)}`, CONTENT);
    expectAnswer(answer, { status: 201 });
  });

  test("with a digest that the bytes do not have loses nothing that was there", async () => {
    const session = await openSession(berth, "up/mistaken");
    await chunk(session, 0, CONTENT.slice(0, 13));
    const withBody = await complete(session, WRONG, CONTENT.slice(13));
    expectAnswer(withBody, { status: 400, code: "DIGEST_INVALID", says: DIGEST });
    expectAnswer(await send("GET", session), { status: 204, answers: at(session, 13) });
    const withoutBody = await complete(session, WRONG);
    expectAnswer(withoutBody, { status: 400, code: "DIGEST_INVALID" });
    expectAnswer(await send("GET", session), { status: 204, answers: at(session, 13) });
    expect((await send("HEAD", `/v2/up/mistaken/blobs/${WRONG}`)).status).toBe(404);
    expectAnswer(await complete(session, DIGEST, CONTENT.slice(13)), { status: 201 });
    await expectBlob("up/mistaken", DIGEST, CONTENT);
  });

  test("again after a success whose answer was lost succeeds, with and without the body", async () => {
    const session = await openSession(berth, "up/again");
    await complete(session, DIGEST, CONTENT);
    expectAnswer(await complete(session, DIGEST, CONTENT), {
      status: 201,
      answers: created("up/again", DIGEST),
    });
    expectAnswer(await complete(session, DIGEST), { status: 201 });
    expectAnswer(await complete(session, WRONG), { status: 404, code: "BLOB_UPLOAD_UNKNOWN" });
  });

  describe("that was not completed with the digest finds no upload, though the repository has the blob", async () => {
    const name = "up/elsewhere";
    await pushBlob(berth, name, CONTENT);
    const other = await pushBlob(berth, name, "another blob of the repository");
    const unknown = { status: 404, code: "BLOB_UPLOAD_UNKNOWN" };

    test.each([
      ["never begun", async () => `/v2/${name}/blobs/uploads/${randomUUID()}`],
      [
        "cancelled",
        async () => {
          const session = await openSession(berth, name);
          expectAnswer(await send("DELETE", session), { status: 204 });
          return session;
        },
      ],
      [
        "completed with another digest",
        async () => {
          const session = await openSession(berth, name);
          expectAnswer(await complete(session, other, "another blob of the repository"), { status: 201 });
          return session;
        },
      ],
      [
        "completed in another repository",
        async () => {
          const session = await openSession(berth, "up/elsewhere-still");
          expectAnswer(await complete(session, DIGEST, CONTENT), { status: 201 });
          return session.replace("up/elsewhere-still", name);
        },
      ],
    ])("when it was %s", async (_, sessionOf) => {
      const session = await sessionOf();
      expectAnswer(await complete(session, DIGEST, "other bytes"), unknown);
      expectAnswer(await complete(session, DIGEST), unknown);
    });
  });

  test("without digest is refused and keeps the session", async () => {
    const session = await openSession(berth, "up/none");
    expectAnswer(await send("PUT", session, CONTENT), {
      status: 400,
      code: "DIGEST_INVALID",
      says: "missing",
    });
    expectAnswer(await send("GET", session), { status: 204, answers: at(session, 0) });
  });

  test.each(["sha256:short", "md5:d41d8cd98f00b204e9800998ecf8427e", "nonsense"])(
    "with digest=%s is refused and keeps the session",
    async (digest) => {
      const session = await openSession(berth, "up/none");
      expectAnswer(await complete(session, digest), { status: 400, code: "DIGEST_INVALID" });
      expectAnswer(await send("GET", session), { status: 204 });
    },
  );

  test("that a client breaks off leaves what came", async () => {
    const session = await openSession(berth, "up/cut");
    const broken = openRequest(berth, {
      method: "PUT",
      path: `${session}?digest=${DIGEST}`,
      headers: { "content-length": "20" },
    });
    await broken.send(Buffer.from(CONTENT.slice(0, 6)));
    await taken(6);
    broken.abort();
    await offset(session, 6);
    expectAnswer(await complete(session, DIGEST, CONTENT.slice(6)), { status: 201 });
    await expectBlob("up/cut", DIGEST, CONTENT);
  });
});

describe("another digest algorithm", () => {
  const wide = digestOfText(CONTENT, "sha512");

  test("is hashed while streaming when the POST announces it", async () => {
    const before = await metric("berth_upload_read_back_total");
    const session = await openSession(berth, "up/wide", "?digest-algorithm=sha512");
    await chunk(session, 0, CONTENT.slice(0, 9));
    await chunk(session, 9, CONTENT.slice(9));
    expectAnswer(await complete(session, wide), { status: 201, answers: created("up/wide", wide) });
    await expectBlob("up/wide", wide, CONTENT);
    expect(await metric("berth_upload_read_back_total")).toBe(before);
  });

  test("needs no announcement when the PUT brings the whole body", async () => {
    const before = await metric("berth_upload_read_back_total");
    const session = await openSession(berth, "up/wide-put");
    expectAnswer(await complete(session, wide, CONTENT), { status: 201 });
    await expectBlob("up/wide-put", wide, CONTENT);
    expect(await metric("berth_upload_read_back_total")).toBe(before);
  });

  test("that only the PUT names is verified by reading the blob back", async () => {
    const before = await metric("berth_upload_read_back_total");
    const session = await openSession(berth, "up/wide-late");
    await chunk(session, 0, CONTENT);
    expectAnswer(await complete(session, wide), { status: 201 });
    await expectBlob("up/wide-late", wide, CONTENT);
    expect(await metric("berth_upload_read_back_total")).toBe(before + 1);
  });

  test("that only the PUT names, wrongly, makes no blob", async () => {
    const session = await openSession(berth, "up/wide-wrong");
    await chunk(session, 0, CONTENT);
    const wrong = digestOfText("other", "sha512");
    expectAnswer(await complete(session, wrong), { status: 400, code: "DIGEST_INVALID", says: wide });
    expect((await send("HEAD", `/v2/up/wide-wrong/blobs/${wrong}`)).status).toBe(404);
    // The session is as it was: it takes more bytes, and another digest.
    await offset(session, CONTENT.length);
    await chunk(session, CONTENT.length, "!");
    expectAnswer(await complete(session, digestOfText(`${CONTENT}!`)), { status: 201 });
    await expectBlob("up/wide-wrong", digestOfText(`${CONTENT}!`), `${CONTENT}!`);
  });

  test("of a POST with digest", async () => {
    const answer = await send("POST", `/v2/up/wide-post/blobs/uploads/?digest=${wide}`, CONTENT);
    expectAnswer(answer, { status: 201, answers: created("up/wide-post", wide) });
    await expectBlob("up/wide-post", wide, CONTENT);
  });
});

describe("a session", () => {
  test("tells how far it is", async () => {
    const session = await openSession(berth, "up/state");
    expectAnswer(await send("GET", session), { status: 204, answers: at(session, 0), content: "" });
    await chunk(session, 0, CONTENT.slice(0, 7));
    expectAnswer(await send("GET", session), { status: 204, answers: at(session, 7), content: "" });
  });

  test("that is cancelled takes the repository with it that was made for it", async () => {
    const session = await openSession(berth, "up/first");
    await chunk(session, 0, CONTENT);
    expectAnswer(await send("DELETE", session), { status: 204, content: "" });
    expectAnswer(await send("GET", "/v2/up/first/tags/list"), { status: 404, code: "NAME_UNKNOWN" });
  });

  test("that is cancelled leaves a repository with another upload, or that somebody made", async () => {
    const session = await openSession(berth, "up/second");
    const other = await openSession(berth, "up/second");
    expectAnswer(await send("DELETE", session), { status: 204 });
    expectAnswer(await send("GET", other), { status: 204 });
    await createRepository(berth, "up/made");
    expectAnswer(await send("DELETE", await openSession(berth, "up/made")), { status: 204 });
    expectAnswer(await send("GET", "/v2/up/made/tags/list"), { status: 200 });
  });

  test("that is cancelled is gone", async () => {
    await createRepository(berth, "up/cancel");
    const session = await openSession(berth, "up/cancel");
    await chunk(session, 0, CONTENT);
    expectAnswer(await send("DELETE", session), { status: 204, content: "" });
    for (const answer of [
      await send("GET", session),
      await send("DELETE", session),
      await send("PATCH", session, "x"),
      await complete(session, DIGEST),
    ]) {
      expectAnswer(answer, { status: 404, code: "BLOB_UPLOAD_UNKNOWN" });
    }
  });

  test("belongs to its repository alone", async () => {
    const session = await openSession(berth, "up/mine");
    await openSession(berth, "up/theirs");
    const elsewhere = session.replace("up/mine", "up/theirs");
    expectAnswer(await send("GET", elsewhere), { status: 404, code: "BLOB_UPLOAD_UNKNOWN" });
    expectAnswer(await send("PATCH", elsewhere, "x"), { status: 404, code: "BLOB_UPLOAD_UNKNOWN" });
  });

  const NOBODY = "00000000-0000-4000-8000-000000000000";
  test.each(["GET", "PATCH", "PUT", "DELETE"])("that never was is unknown to %s", async (method) => {
    await openSession(berth, "up/some");
    for (const id of [NOBODY, "not-a-uuid"]) {
      const answer = await send(method, `/v2/up/some/blobs/uploads/${id}?digest=${DIGEST}`);
      expectAnswer(answer, { status: 404, code: "BLOB_UPLOAD_UNKNOWN", says: id });
    }
    const answer = await send(method, `/v2/up/nowhere/blobs/uploads/${NOBODY}?digest=${DIGEST}`);
    expectAnswer(answer, { status: 404, code: "NAME_UNKNOWN" });
  });
});

describe("the same blob", () => {
  test("uploaded twice at once is one blob, and both succeed", async () => {
    const content = "raced ".repeat(40_000);
    const digest = digestOfText(content);
    const sessions = await Promise.all(Array.from({ length: 4 }, () => openSession(berth, "up/race")));
    const answers = await Promise.all(sessions.map((session) => complete(session, digest, content)));
    for (const answer of answers) expectAnswer(answer, { status: 201 });
    await expectBlob("up/race", digest, content);
    const rows = await rowsOf(
      berth,
      "SELECT count(*) AS objects FROM objects o JOIN blobs b ON b.id = o.blob_id WHERE encode(b.digest, 'hex') = $1",
      [hexOf(digest)],
    );
    expect(rows).toEqual([{ objects: 1 }]);
  });

  test("uploaded again succeeds", async () => {
    const digest = await pushBlob(berth, "up/twice", CONTENT);
    await pushBlob(berth, "up/twice", CONTENT);
    await expectBlob("up/twice", digest, CONTENT);
  });
});

test("a large body streams through, in any pieces", async () => {
  const content = Buffer.alloc(5 * 1024 * 1024 + 17, "large ");
  const digest = digestOfText(content.toString());
  const session = await openSession(berth, "up/large");
  const request = openRequest(berth, { method: "PATCH", path: session });
  for (let from = 0; from < content.length; from += 700_001)
    await request.send(content.subarray(from, from + 700_001));
  expectAnswer(await request.end(), { status: 202, answers: at(session, content.length) });
  expectAnswer(await complete(session, digest), { status: 201 });
  await expectBlob("up/large", digest, content);
});

/** Resolves when the server has that many bytes of bodies in hand: what it has not read when a client goes is lost. */
async function taken(size: number): Promise<void> {
  await vi.waitFor(async () => expect(await metric("berth_upload_buffered_bytes")).toBe(size), {
    interval: 5,
  });
}

/** Resolves when the broken request has ended and left `size` bytes. */
async function offset(session: string, size: number): Promise<void> {
  await underWay(berth, session, false);
  expectAnswer(await send("GET", session), { status: 204, answers: at(session, size) });
}

async function metric(name: string): Promise<number> {
  const text = (await exchange(berth, { path: "/metrics" })).body.toString();
  return Number(new RegExp(`^${name} (\\d+)$`, "m").exec(text)?.[1] ?? 0);
}
