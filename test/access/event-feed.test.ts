import pg from "pg";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { EventEnvelope } from "../../src/events/envelope.ts";
import { PageTokens } from "../../src/http/aws/page-tokens.ts";
import { EventCursors } from "../../src/http/events/cursor.ts";
import type { Credentials } from "../../src/iam/access-keys.ts";
import { MasterKey } from "../../src/iam/master-key.ts";
import { basic, makeTestHome, startTestBerth } from "../support/berth.ts";
import { HOUR, ManualClock, MINUTE } from "../support/clock.ts";
import { exchange } from "../support/exchange.ts";
import { createRepository, deleteRepository, imageOf, pushImage } from "../support/push.ts";
import { rowsOf } from "../support/rows.ts";
import { ACCOUNT, allow, callEcr, openScene, REGION } from "./scene.ts";

const home = await makeTestHome({ BERTH_REGIONS: "*" });
const clock = new ManualClock(new Date().toISOString());
const berth = await startTestBerth({ home, clock });
const scene = openScene(berth, home, clock);
afterAll(async () => {
  await berth.stop();
  await home.remove();
});

interface Page {
  readonly events: readonly EventEnvelope[];
  readonly next: string;
  readonly more: boolean;
}

const ask = (query: Record<string, string>, init: RequestInit = {}): Promise<Response> =>
  berth.fetch(`/v1/events?${new URLSearchParams(query)}`, init);
async function pageOf(query: Record<string, string>, init: RequestInit = {}): Promise<Page> {
  const response = await ask(query, init);
  const text = await response.text();
  expect(response.status, text).toBe(200);
  return JSON.parse(text);
}

/** So many events after a cursor: what other databases of the server do may hold them up a moment. */
async function next(after: string, count: number): Promise<Page> {
  const events: EventEnvelope[] = [];
  let page: Page = { events, next: after, more: true };
  while (events.length < count) {
    page = await pageOf({ after: page.next, wait: "20", limit: String(count - events.length) });
    events.push(...page.events);
  }
  return { ...page, events };
}

const brief = ({ "detail-type": type, detail }: EventEnvelope): unknown[] =>
  type.startsWith("ECR")
    ? [detail["action-type"], detail["repository-name"], detail["image-tag"]]
    : [detail["eventName"], (detail["requestParameters"] as { repositoryName?: string }).repositoryName];

/** A cursor behind everything so far. */
async function end(): Promise<string> {
  const marker = `told/marker${counter++}`;
  await createRepository(berth, marker);
  let page = await pageOf({ limit: "250" });
  for (;;) {
    if (page.events.some(({ detail }) => JSON.stringify(detail).includes(marker))) return page.next;
    page = await pageOf({ after: page.next, limit: "250", wait: "20" });
  }
}
let counter = 0;
let start = "";
beforeEach(async () => {
  start = await end();
});

describe("the feed", () => {
  test("tells a push, a move of a tag, deletions and changes in their order", async () => {
    await createRepository(berth, "feed/app");
    await pushImage(berth, "feed/app", "v1", "one");
    const { digest } = await pushImage(berth, "feed/app", "v1", "two");
    await exchange(berth, { method: "DELETE", path: "/v2/feed/app/manifests/v1" });
    await exchange(berth, { method: "DELETE", path: `/v2/feed/app/manifests/${digest}` });
    const named = { repositoryName: "feed/app" };
    const statement = { Sid: "a", Effect: "Allow", Principal: "*", Action: "ecr:BatchGetImage" };
    const policy = JSON.stringify({ Version: "2012-10-17", Statement: [statement] });
    await callEcr(berth, clock, "SetRepositoryPolicy", { ...named, policyText: policy });
    await callEcr(berth, clock, "DeleteRepositoryPolicy", named);
    await deleteRepository(berth, "feed/app");
    const { events } = await next(start, 8);
    expect(events.map(brief)).toEqual([
      // By the action that these helpers name.
      ["PutImage", "feed/app"],
      ["PUSH", "feed/app", "v1"],
      ["PUSH", "feed/app", "v1"],
      ["DELETE", "feed/app", "v1"],
      ["DELETE", "feed/app", undefined],
      ["SetRepositoryPolicy", "feed/app"],
      ["DeleteRepositoryPolicy", "feed/app"],
      ["PutImage", "feed/app"],
    ]);
    expect(events[2]?.detail).toMatchObject({
      ...{ "image-digest": digest, "previous-image-digest": imageOf("one").digest },
      ...{ "manifest-media-type": imageOf("two").mediaType },
      "artifact-media-type": "application/vnd.oci.image.config.v1+json",
    });
    expect(events[3]?.detail).toMatchObject({
      "artifact-media-type": "application/vnd.oci.image.config.v1+json",
    });
    expect(events[4]?.detail).toMatchObject({ "manifest-media-type": imageOf("two").mediaType });
    expect(events[0]).toMatchObject({ account: ACCOUNT, region: REGION, source: "aws.ecr" });
  });

  test("tells of the registry's policy, and of a referrer", async () => {
    const Principal = { AWS: `arn:aws:iam::${ACCOUNT}:root` };
    const Resource = `arn:aws:ecr:${REGION}:${ACCOUNT}:repository/*`;
    const statement = { Sid: "a", Effect: "Allow", Principal, Action: "ecr:ReplicateImage", Resource };
    const policyText = JSON.stringify({ Version: "2012-10-17", Statement: [statement] });
    await callEcr(berth, clock, "PutRegistryPolicy", { policyText });
    await callEcr(berth, clock, "DeleteRegistryPolicy", {});
    await callEcr(berth, clock, "PutAccountSetting", { name: "BLOB_MOUNTING", value: "DISABLED" });
    const principalArn = `arn:aws:iam::${ACCOUNT}:role/scanner`;
    await callEcr(berth, clock, "RegisterPullTimeUpdateExclusion", { principalArn });
    await callEcr(berth, clock, "DeregisterPullTimeUpdateExclusion", { principalArn });
    const { digest, bytes, mediaType } = await pushImage(berth, "feed/signed", "v1", "signed");
    const subject = { mediaType, digest, size: bytes.length };
    const body = JSON.stringify({ ...JSON.parse(bytes.toString()), subject, artifactType: "text/x" });
    const sent = { method: "PUT", headers: { "content-type": mediaType }, body };
    expect((await exchange(berth, { ...sent, path: "/v2/feed/signed/manifests/signature" })).status).toBe(
      201,
    );
    const { events } = await next(start, 8);
    expect(events.map(brief)).toEqual([
      ["PutRegistryPolicy", undefined],
      ["DeleteRegistryPolicy", undefined],
      ["PutAccountSetting", undefined],
      ["RegisterPullTimeUpdateExclusion", undefined],
      ["DeregisterPullTimeUpdateExclusion", undefined],
      ["CreateRepository", "feed/signed"],
      ["PUSH", "feed/signed", "v1"],
      ["PUSH", "feed/signed", "signature"],
    ]);
    expect(events[2]?.detail).toMatchObject({
      additionalEventData: { setting: { name: "BLOB_MOUNTING" } },
    });
    expect(events[7]).toMatchObject({
      "detail-type": "ECR Referrer Action",
      detail: { "artifact-media-type": "text/x" },
    });
  });

  test("misses nothing of a transaction that began before and ends after another", async () => {
    const slow = new pg.Client(berth.connection.main);
    await slow.connect();
    try {
      await slow.query("BEGIN");
      await slow.query(`INSERT INTO outbox (registry_id, kind, detail, created_at)
        SELECT id, 'repository.create', '{"repository": "feed/slow", "principal": "x", "requestId": "x"}', now()
        FROM registries WHERE account_id = '${ACCOUNT}'`);
      await createRepository(berth, "feed/quick");
      const before = await pageOf({ after: start });
      expect(before.events).toEqual([]);
      await slow.query("COMMIT");
      const { events } = await next(before.next, 2);
      expect(events.map((event) => brief(event)[1])).toEqual(["feed/slow", "feed/quick"]);
    } finally {
      await slow.end();
    }
  });

  test("ends a page within a change, and goes on there", async () => {
    await pushImage(berth, "feed/tags", "a", "tags");
    for (const tag of ["b", "c"]) {
      const { mediaType, bytes } = imageOf("tags");
      const headers = { "content-type": mediaType };
      await exchange(berth, { method: "PUT", path: `/v2/feed/tags/manifests/${tag}`, headers, body: bytes });
    }
    await exchange(berth, { method: "DELETE", path: `/v2/feed/tags/manifests/${imageOf("tags").digest}` });
    const before = await next(start, 4);
    const one = await next(before.next, 1);
    const two = await next(one.next, 1);
    const three = await next(two.next, 1);
    expect([one, two, three].flatMap(({ events }) => events.map(brief))).toEqual([
      ["DELETE", "feed/tags", "a"],
      ["DELETE", "feed/tags", "b"],
      ["DELETE", "feed/tags", "c"],
    ]);
    expect((await pageOf({ after: three.next })).events).toEqual([]);
  });

  test("answers whoever waits when something happens", async () => {
    const waiting = pageOf({ after: start, wait: "20" });
    await createRepository(berth, "feed/awaited");
    expect((await waiting).events.map((event) => brief(event)[1])).toEqual(["feed/awaited"]);
  });
});

describe("who is shown what", () => {
  const OTHER = "111122223333";
  let other: Credentials;
  let reader: Credentials;
  beforeAll(async () => {
    await scene.makeAccount(OTHER);
    other = await scene.makeUser("other", [allow(["berth:ListEvents"])], OTHER);
    reader = await scene.makeUser("reader", [allow(["ecr:*"])]);
  });
  const as = ({ accessKeyId, secretAccessKey }: Credentials): RequestInit => ({
    headers: { authorization: basic(accessKeyId, secretAccessKey) },
  });

  test("another account's events are its own, and so are its cursors", async () => {
    await createRepository(berth, "feed/private");
    const theirs = await pageOf({}, as(other));
    expect(theirs.events).toEqual([]);
    const foreign = await ask({ after: start }, as(other));
    expect(foreign.status).toBe(400);
    expect(await foreign.text()).toContain("after must be what an answer about this registry's events had");
  });

  test("another region's events are its own, and there is none of what is not served", async () => {
    expect((await pageOf({ region: "eu-west-9" })).events).toEqual([]);
    const foreign = await ask({ region: "eu-west-9", after: start });
    expect(foreign.status).toBe(400);
    const unserved = await ask({ region: "mars" });
    expect([unserved.status, await unserved.text()]).toEqual([404, expect.stringContaining("mars")]);
  });

  test("another account's host is refused", async () => {
    const headers = { host: `${OTHER}.dkr.ecr.${REGION}.example.com` };
    const answer = await exchange(berth, { path: "/v1/events", headers });
    expect([answer.status, answer.body.toString()]).toEqual([
      403,
      expect.stringContaining("your own account"),
    ]);
  });

  test("is for those who may berth:ListEvents", async () => {
    const denied = await ask({}, as(reader));
    expect(denied.status).toBe(403);
    expect(await denied.json()).toMatchObject({
      errors: [
        { message: expect.stringContaining("berth:ListEvents"), detail: { decisionId: expect.any(String) } },
      ],
    });
    expect((await exchange(berth, { path: "/v1/events", headers: { authorization: "" } })).status).toBe(401);
  });
});

describe("a cursor", () => {
  test.each([
    ["that nobody made", { after: "bm8" }, 400, "after must be"],
    ["with a limit of nothing", { limit: "0" }, 400, "limit must be a number from 1 to 250"],
    ["that waits for ever", { wait: "21" }, 400, 'wait must be a number from 0 to 20, not "21"'],
  ])("%s is refused", async (_, query, status, says) => {
    const response = await ask(query as unknown as Record<string, string>);
    expect(response.status).toBe(status);
    expect(JSON.parse(await response.text()).errors[0].message).toContain(says);
  });

  test("that was changed is refused", async () => {
    const bytes = Buffer.from(start, "base64url");
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
    expect((await ask({ after: bytes.toString("base64url") })).status).toBe(400);
  });

  test("of transactions that are yet to come is of another server, and refused", async () => {
    const key = new MasterKey(home.config.masterKey ?? Buffer.alloc(0)).derive("cursors of events");
    const cursors = new EventCursors(new PageTokens(key));
    const cursor = { position: { xid: "9000000000000", id: 1, skip: 0 }, at: clock.now() };
    const response = await ask({ after: cursors.seal({ account: ACCOUNT, region: REGION }, cursor) });
    expect([response.status, await response.text()]).toEqual([410, expect.stringContaining("restored")]);
  });

  test("is not needed to read what was restored, in its order", async () => {
    await createRepository(berth, "feed/before");
    const ahead = "(pg_snapshot_xmax(pg_current_snapshot())::text::bigint + 1000000)::text::xid8";
    await rowsOf(berth, `UPDATE outbox SET xid = ${ahead}`);
    expect((await pageOf({})).events).toEqual([]);
    const other = await startTestBerth({ home, clock, shared: true });
    try {
      await createRepository(berth, "feed/after");
      let page = await pageOf({ limit: "250" });
      const names: unknown[] = [];
      for (;;) {
        names.push(...page.events.map((event) => brief(event)[1]));
        if (names.includes("feed/after")) break;
        page = await pageOf({ after: page.next, limit: "250", wait: "20" });
      }
      expect(names.slice(-2)).toEqual(["feed/before", "feed/after"]);
    } finally {
      await other.stop();
    }
  });
});

test("takes no other method", async () => {
  const response = await ask({}, { method: "POST" });
  expect([response.status, response.headers.get("allow")]).toEqual([405, "GET, OPTIONS"]);
  expect((await ask({}, { method: "OPTIONS" })).headers.get("allow")).toBe("GET, OPTIONS");
});

// Last: what the other tests make is of now, and the clock goes on.
test("a cursor is good for as long as events are kept, and says so after", async () => {
  await createRepository(berth, "feed/aged");
  const one = await next(start, 1);
  await rowsOf(berth, "UPDATE outbox SET created_at = $1", [clock.now()]);
  const page = await pageOf({ after: start, limit: "1" });
  clock.advance(24 * HOUR - MINUTE);
  for (const after of [one.next, page.next]) expect((await ask({ after })).status).toBe(200);
  expect((await pageOf({})).events).not.toEqual([]);
  clock.advance(2 * MINUTE);
  expect((await pageOf({})).events).toEqual([]);
  const late = await ask({ after: start });
  expect(late.status).toBe(410);
  expect(await late.text()).toContain("events are kept for 24 hours");
});
