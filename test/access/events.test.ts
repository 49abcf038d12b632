import { afterAll, describe, expect, test } from "vitest";
import { postgresOutbox } from "../../src/adapters/postgres/outbox.ts";
import { makeTestHome, startTestBerth } from "../support/berth.ts";
import { CAUSE } from "../support/cause.ts";
import { type Answer, exchange, type Sent } from "../support/exchange.ts";
import {
  changeRepository,
  createRepository,
  deleteRepository,
  imageOf,
  pushBlob,
  pushImage,
} from "../support/push.ts";
import { rowsOf } from "../support/rows.ts";

const home = await makeTestHome();
const berth = await startTestBerth({ home });
afterAll(async () => {
  await berth.stop();
  await home.remove();
});

interface Event {
  readonly kind: string;
  readonly detail: Readonly<Record<string, unknown>>;
}

/** What was said since the last question: events, and actions of the registry in the audit log (logins come when they come). */
async function news(): Promise<{ readonly events: readonly Event[]; readonly actions: readonly string[] }> {
  const events = await rowsOf<Event>(
    berth,
    "WITH gone AS (DELETE FROM outbox RETURNING *) SELECT kind, detail FROM gone ORDER BY id",
  );
  const records = await rowsOf<{ action: string }>(
    berth,
    "WITH gone AS (DELETE FROM audit_log RETURNING *) SELECT action FROM gone WHERE action LIKE 'ecr:%' ORDER BY id",
  );
  return { events, actions: records.map(({ action }) => action) };
}

const NOTHING = { events: [], actions: [] };
const send = (method: string, path: string, more: Omit<Sent, "method" | "path"> = {}): Promise<Answer> =>
  exchange(berth, { method, path, ...more });
const put = (path: string, label: string): Promise<Answer> => {
  const { mediaType, bytes } = imageOf(label);
  return send("PUT", path, { headers: { "content-type": mediaType }, body: bytes });
};

/** What the first push of each label puts where it is needed. */
async function pushContent(repository: string, ...labels: readonly string[]): Promise<void> {
  for (const label of labels) await pushImage(berth, repository, `content-of-${label}`, label);
  await news();
}

describe("a push", () => {
  test("tells once of the manifest that came and the tag that is new", async () => {
    await createRepository(berth, "told/new");
    await pushBlob(berth, "told/new", JSON.stringify({ config: "new" }));
    await pushBlob(berth, "told/new", "layer of new");
    await news();
    const { digest } = await pushImage(berth, "told/new", "v1", "new");
    const { events, actions } = await news();
    expect(actions.filter((action) => action === "ecr:PutImage")).toHaveLength(1);
    expect(events).toEqual([
      {
        kind: "image.put",
        detail: {
          ...{ repository: "told/new", principal: expect.stringContaining(":user/administrator") },
          ...{ requestId: expect.any(String), digest, tags: ["v1"] },
          ...{ created: true, moved: [{ tag: "v1", from: null }] },
          mediaType: "application/vnd.oci.image.manifest.v1+json",
          artifactType: "application/vnd.oci.image.config.v1+json",
        },
      },
    ]);
  });

  test("tells from where to where a tag moves", async () => {
    await pushContent("told/moved", "one", "two");
    const [one, two] = [imageOf("one").digest, imageOf("two").digest];
    await put("/v2/told/moved/manifests/v1", "one");
    await put("/v2/told/moved/manifests/v1", "two");
    const { events, actions } = await news();
    expect(actions).toEqual(["ecr:PutImage", "ecr:PutImage"]);
    expect(
      events.map(({ kind, detail }) => [kind, detail["digest"], detail["created"], detail["moved"]]),
    ).toEqual([
      ["image.put", one, false, [{ tag: "v1", from: null }]],
      ["image.put", two, false, [{ tag: "v1", from: one }]],
    ]);
  });

  test("of what is there already says nothing", async () => {
    await pushContent("told/again", "again");
    const { digest } = imageOf("again");
    expect((await put("/v2/told/again/manifests/content-of-again", "again")).status).toBe(201);
    expect((await put(`/v2/told/again/manifests/${digest}`, "again")).status).toBe(201);
    expect(await news()).toEqual(NOTHING);
  });

  test("of several tags tells those that moved alone", async () => {
    await pushContent("told/several", "several");
    const { digest } = imageOf("several");
    await put(`/v2/told/several/manifests/${digest}?tag=b&tag=content-of-several&tag=a`, "several");
    const { events } = await news();
    expect(events.map(({ detail }) => detail["moved"])).toEqual([
      [
        { tag: "a", from: null },
        { tag: "b", from: null },
      ],
    ]);
  });

  test("that is refused says nothing", async () => {
    await pushContent("told/refused", "refused");
    await changeRepository(berth, "told/refused", { tagMutability: "IMMUTABLE" });
    await news();
    const other = imageOf("nowhere");
    const headers = { "content-type": other.mediaType };
    expect((await send("PUT", "/v2/told/refused/manifests/v1", { headers, body: other.bytes })).status).toBe(
      404,
    );
    expect(await news()).toEqual(NOTHING);
  });
});

describe("a blob", () => {
  test("is on the record when the repository gains it, and not again", async () => {
    await createRepository(berth, "told/blobs");
    await createRepository(berth, "told/source");
    await news();
    const digest = await pushBlob(berth, "told/blobs", "a blob");
    expect(await news()).toEqual({ events: [], actions: ["ecr:CompleteLayerUpload"] });
    await pushBlob(berth, "told/blobs", "a blob");
    expect(await news()).toEqual(NOTHING);
    const mounting = `/v2/told/source/blobs/uploads/?mount=${digest}&from=told/blobs`;
    expect((await send("POST", mounting)).status).toBe(201);
    expect(await news()).toEqual({ events: [], actions: ["ecr:CompleteLayerUpload"] });
    expect((await send("POST", mounting)).status).toBe(201);
    expect(await news()).toEqual(NOTHING);
  });

  test("whose lost bytes came back is on the record", async () => {
    await createRepository(berth, "told/healed");
    await pushBlob(berth, "told/healed", "to be lost");
    await rowsOf(berth, "UPDATE objects SET state = 'missing'");
    await news();
    await pushBlob(berth, "told/healed", "to be lost");
    expect(await news()).toEqual({ events: [], actions: ["ecr:CompleteLayerUpload"] });
  });
});

describe("a deletion", () => {
  test("tells what went with it, and says nothing of what was not there", async () => {
    await pushContent("told/deleted", "deleted");
    const { digest } = imageOf("deleted");
    await put("/v2/told/deleted/manifests/b", "deleted");
    await put("/v2/told/deleted/manifests/a", "deleted");
    await news();
    expect((await send("DELETE", "/v2/told/deleted/manifests/content-of-deleted")).status).toBe(202);
    expect((await send("DELETE", "/v2/told/deleted/manifests/content-of-deleted")).status).toBe(404);
    expect((await send("DELETE", `/v2/told/deleted/manifests/${digest}`)).status).toBe(202);
    expect((await send("DELETE", `/v2/told/deleted/manifests/${digest}`)).status).toBe(404);
    const { events, actions } = await news();
    expect(actions).toEqual(["ecr:BatchDeleteImage", "ecr:BatchDeleteImage"]);
    expect(events).toMatchObject([
      { kind: "image.untag", detail: { repository: "told/deleted", tag: "content-of-deleted", digest } },
      { kind: "image.delete", detail: { repository: "told/deleted", digest, tags: ["a", "b"] } },
    ]);
  });
});

describe("a repository", () => {
  test("tells that it is made, changed and deleted, by which call and from where", async () => {
    await createRepository(berth, "told/repository");
    await changeRepository(berth, "told/repository", { sparse: true });
    await deleteRepository(berth, "told/repository");
    const { events } = await news();
    expect(events.map(({ kind, detail }) => [kind, detail["repository"]])).toEqual([
      ["repository.create", "told/repository"],
      ["repository.change", "told/repository"],
      ["repository.delete", "told/repository"],
    ]);
    const { action, sourceIp, userAgent } = CAUSE;
    expect(events[0]?.detail).toMatchObject({ action, sourceIp, userAgent, settings: expect.any(Object) });
  });
});

describe("events", () => {
  test("name their registry and transaction, and are part of it", async () => {
    await createRepository(berth, "told/kept");
    const rows = await rowsOf<{ own: boolean; at: Date }>(
      berth,
      `SELECT o.registry_id = r.registry_id AND o.xid = r.xmin::text::xid8 AS own, o.created_at AS at
        FROM outbox o JOIN repositories r ON r.name = 'told/kept'`,
    );
    expect(rows).toEqual([{ own: true, at: expect.any(Date) }]);
    await rowsOf(berth, "ALTER TABLE outbox RENAME TO outbox_away");
    try {
      await expect(createRepository(berth, "told/untold")).rejects.toThrow();
    } finally {
      await rowsOf(berth, "ALTER TABLE outbox_away RENAME TO outbox");
    }
    expect(await rowsOf(berth, "SELECT 1 FROM repositories WHERE name = 'told/untold'")).toEqual([]);
  });

  test("are forgotten when they are old, the oldest first", async () => {
    await news();
    for (const name of ["told/a", "told/b", "told/c"]) await createRepository(berth, name);
    const ages = [3, 2, 1].map((days) => `now() - interval '${days} days'`);
    const [{ id: first } = { id: 0 }] = await rowsOf<{ id: number }>(
      berth,
      "SELECT min(id) AS id FROM outbox",
    );
    for (const [at, age] of ages.entries()) {
      await rowsOf(berth, `UPDATE outbox SET created_at = ${age} WHERE id = ${first + at}`);
    }
    const outbox = postgresOutbox(berth.database);
    const before = new Date(Date.now() - 36 * 3_600_000);
    expect(await outbox.trim(before, before, 1)).toBe(1);
    expect(await rowsOf(berth, "SELECT detail ->> 'repository' AS name FROM outbox ORDER BY id")).toEqual([
      { name: "told/b" },
      { name: "told/c" },
    ]);
    expect(await outbox.trim(before, before, 10)).toBe(1);
    expect(await outbox.trim(before, before, 10)).toBe(0);
    expect((await news()).events.map(({ detail }) => detail["repository"])).toEqual(["told/c"]);
  });
});
