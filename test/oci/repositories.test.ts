import { afterAll, describe, expect, test, vi } from "vitest";
import { postgresGarbage } from "../../src/adapters/postgres/garbage.ts";
import { postgresUploads } from "../../src/adapters/postgres/uploads.ts";
import { startTestBerth } from "../support/berth.ts";
import { exchange, expectAnswer, openRequest, type Sent } from "../support/exchange.ts";
import { digestOfText, entry, image, index } from "../support/manifests.ts";
import {
  createRepository,
  deleteRepository,
  openSession,
  pushBlob,
  pushImage,
  putManifest,
  underWay,
} from "../support/push.ts";
import { rowsOf } from "../support/rows.ts";

const berth = await startTestBerth();
const closed = await startTestBerth({ env: { BERTH_AUTO_CREATE: "off" } });
afterAll(() => Promise.all([berth.stop(), closed.stop()]));

const DIGEST = digestOfText("content");

describe("a push to a repository that does not exist", () => {
  const pushes = (name: string): readonly (readonly [string, Sent])[] => [
    ["POST", { method: "POST", path: `/v2/${name}/blobs/uploads/` }],
    [
      "POST with digest",
      { method: "POST", path: `/v2/${name}/blobs/uploads/?digest=${DIGEST}`, body: "content" },
    ],
    ["a mount", { method: "POST", path: `/v2/${name}/blobs/uploads/?mount=${DIGEST}&from=lib/source` }],
    ["PUT of a manifest", { method: "PUT", path: `/v2/${name}/manifests/v1`, body: index([]).bytes }],
  ];

  test.each(pushes("NAME"))("creates it, by %s", async (how, sent) => {
    const name = `new/${how.toLowerCase().replaceAll(" ", "-")}`;
    const answer = await exchange(berth, { ...sent, path: sent.path.replace("NAME", name) });
    expect([201, 202]).toContain(answer.status);
    expectAnswer(await exchange(berth, { path: `/v2/${name}/tags/list` }), { status: 200 });
  });

  test.each(pushes("lib/absent"))("is NAME_UNKNOWN where creation is off, by %s", async (_, sent) => {
    expectAnswer(await exchange(closed, sent), {
      status: 404,
      code: "NAME_UNKNOWN",
      says: "a push creates none here",
    });
    expectAnswer(await exchange(closed, { path: "/v2/_catalog" }), {
      status: 200,
      json: { repositories: [] },
    });
  });

  test("goes through where creation is off and the repository was made before", async () => {
    const other = await startTestBerth({ env: { BERTH_AUTO_CREATE: "off" } });
    try {
      await createRepository(other, "lib/made");
      await pushImage(other, "lib/made", "v1", "made");
    } finally {
      await other.stop();
    }
  });

  test("from many clients at once makes one", async () => {
    const sent = { method: "POST", path: "/v2/new/at-once/blobs/uploads/" };
    const answers = await Promise.all(Array.from({ length: 16 }, () => exchange(berth, sent)));
    for (const answer of answers) expectAnswer(answer, { status: 202 });
    const rows = await rowsOf(berth, "SELECT 1 FROM repositories WHERE name = $1", ["new/at-once"]);
    expect(rows).toHaveLength(1);
  });

  test.each<readonly [string, Sent, Parameters<typeof expectAnswer>[1]]>([
    [
      "a POST whose bytes have another digest",
      { method: "POST", path: `/blobs/uploads/?digest=${DIGEST}`, body: "other content" },
      { status: 400, code: "DIGEST_INVALID" },
    ],
    [
      "a PUT of what is no manifest",
      { method: "PUT", path: "/manifests/v1", body: "{}" },
      { status: 400, code: "MANIFEST_INVALID" },
    ],
    [
      "a PUT of a manifest whose blobs it does not have",
      { method: "PUT", path: "/manifests/v1", body: image("{}", ["absent"]).bytes },
      { status: 404, code: "MANIFEST_BLOB_UNKNOWN" },
    ],
  ])("that fails leaves none behind: %s", async (_, sent, refusal) => {
    expectAnswer(await exchange(berth, { ...sent, path: `/v2/new/in-vain${sent.path}` }), refusal);
    const path = "/v2/new/in-vain/tags/list";
    expectAnswer(await exchange(berth, { path }), { status: 404, code: "NAME_UNKNOWN" });
  });

  test("that fails leaves it to another one that has put something there meanwhile", async () => {
    const path = `/v2/new/shared/blobs/uploads/?digest=${digestOfText("what was promised")}`;
    const failing = openRequest(berth, { method: "POST", path });
    await failing.send(Buffer.from("something else"));
    await vi.waitFor(async () =>
      expect(await rowsOf(berth, "SELECT 1 FROM repositories WHERE name = $1", ["new/shared"])).toHaveLength(
        1,
      ),
    );
    await pushBlob(berth, "new/shared", "of another push");
    expectAnswer(await failing.end(), { status: 400, code: "DIGEST_INVALID" });
    expectAnswer(await exchange(berth, { path: "/v2/new/shared/tags/list" }), { status: 200 });
  });

  test("that only reads creates nothing", async () => {
    for (const path of ["manifests/v1", `blobs/${DIGEST}`, "tags/list", `referrers/${DIGEST}`]) {
      await exchange(berth, { path: `/v2/lib/read-only/${path}` });
    }
    expect(await rowsOf(berth, "SELECT 1 FROM repositories WHERE name = $1", ["lib/read-only"])).toEqual([]);
  });
});

describe("a repository that is deleted in the middle of a push", () => {
  const gone = { status: 404, code: "NAME_UNKNOWN" };

  test("ends the session: every request of it is NAME_UNKNOWN", async () => {
    const session = await openSession(berth, "lib/ends");
    await exchange(berth, { method: "PATCH", path: session, body: "content" });
    await deleteRepository(berth, "lib/ends");
    for (const [method, path] of [
      ["GET", session],
      ["PATCH", session],
      ["PUT", `${session}?digest=${DIGEST}`],
      ["DELETE", session],
    ] as const) {
      expectAnswer(await exchange(berth, { method, path }), gone);
    }
  });

  test("ends the session also when a new one has its name by then", async () => {
    const session = await openSession(berth, "lib/renewed");
    await exchange(berth, { method: "PATCH", path: session, body: "content" });
    await deleteRepository(berth, "lib/renewed");
    await createRepository(berth, "lib/renewed");
    const put = { method: "PUT", path: `${session}?digest=${DIGEST}` };
    expectAnswer(await exchange(berth, put), { status: 404, code: "BLOB_UPLOAD_UNKNOWN" });
    expectAnswer(await exchange(berth, { path: `/v2/lib/renewed/blobs/${DIGEST}` }), { status: 404 });
  });

  test.each([
    ["PATCH", false, ""],
    ["PATCH", true, ""],
    ["PUT", false, `?digest=${DIGEST}`],
    ["PUT", true, `?digest=${DIGEST}`],
  ])("ends a %s under way (purged meanwhile: %s)", async (method, purged, query) => {
    const name = `lib/under-way-${method.toLowerCase()}-${purged}`;
    const session = await openSession(berth, name);
    const request = openRequest(berth, { method, path: `${session}${query}` });
    await request.send(Buffer.from("con"));
    await underWay(berth, session);
    await deleteRepository(berth, name);
    if (purged) await purge();
    await request.send(Buffer.from("tent"));
    expectAnswer(await request.end(), gone);
  });

  test("refuses its manifest", async () => {
    await createRepository(closed, "lib/manifest");
    await pushBlob(closed, "lib/manifest", "{}");
    await deleteRepository(closed, "lib/manifest");
    expectAnswer(await putManifest(closed, "lib/manifest", image("{}", []), "v1"), gone);
  });

  test("hides everything at once, and a new repository of the name is empty", async () => {
    const pushed = await pushImage(berth, "lib/hidden", "v1", "hidden");
    await putManifest(berth, "lib/hidden", image("{}", [], { subject: entry(pushed) }));
    await deleteRepository(berth, "lib/hidden");
    for (const path of ["manifests/v1", `manifests/${pushed.digest}`, "tags/list", `blobs/${DIGEST}`]) {
      expectAnswer(await exchange(berth, { path: `/v2/lib/hidden/${path}` }), gone);
    }
    await createRepository(berth, "lib/hidden");
    expectAnswer(await exchange(berth, { path: "/v2/lib/hidden/tags/list" }), {
      status: 200,
      json: { name: "lib/hidden", tags: [] },
    });
    const answer = await exchange(berth, { path: `/v2/lib/hidden/manifests/${pushed.digest}` });
    expectAnswer(answer, { status: 404, code: "MANIFEST_UNKNOWN" });
  });
});

/** Removes all that deleted repositories left behind. */
async function purge(): Promise<void> {
  const garbage = postgresGarbage(berth.database, "filesystem");
  const uploads = postgresUploads(berth.database, { name: "filesystem", keysOf: () => [] }, 0);
  const left = "SELECT 1 FROM repositories WHERE deleted_at IS NOT NULL";
  while ((await rowsOf(berth, left)).length > 0) {
    await garbage.purgeDeletedRepository(100);
    await uploads.expire(new Date(0), 100, new Date());
  }
}
