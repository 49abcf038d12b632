import pg from "pg";
import { afterAll, expect, test, vi } from "vitest";
import { ecrApi } from "../ecr/support/api.ts";
import { makeTestHome, startTestBerth } from "../support/berth.ts";
import { exchange } from "../support/exchange.ts";
import { entry, index } from "../support/manifests.ts";
import { deleteRepository, pushBlob, pushImage, pushManifest } from "../support/push.ts";
import { listStatements } from "./adapter-statements.ts";
import { fill, LARGE } from "./fill.ts";
import { type PlanNode, scansOf } from "./scans.ts";

/** Everything that a connection executes is told to it with its plan: what functions, triggers and foreign keys ask too. */
const TELLING = [
  "session_preload_libraries=auto_explain",
  ...["log_min_duration=0", "log_nested_statements=on", "log_level=notice", "log_format=json"].map(
    (setting) => `auto_explain.${setting}`,
  ),
  "plan_cache_mode=force_generic_plan",
].map((setting) => `-c ${setting}`);

interface Told {
  readonly "Query Text": string;
  readonly Plan: PlanNode;
}

const told: Told[] = [];
const emit = pg.Client.prototype.emit;
vi.spyOn(pg.Client.prototype, "emit").mockImplementation(function (this: pg.Client, event, ...values) {
  const [, plan] = event === "notice" ? (/plan:\n(\{.*\})/s.exec(values[0].message) ?? []) : [];
  if (plan !== undefined) told.push(JSON.parse(plan));
  return emit.call(this, event, ...values);
});

const home = await makeTestHome();
const client = new pg.Client(home.connection.main);
await client.connect();
await fill(client);
await client.end();
const main = { ...home.connection.main, options: TELLING.join(" ") };
const berth = await startTestBerth({ home: { ...home, connection: { main, direct: main } } });
afterAll(async () => {
  await berth.stop();
  await home.remove();
});

/** What was asked by no statement of the adapters themselves, whose plans have a test of their own, and scans. */
async function scans(): Promise<readonly string[]> {
  const known = new Set((await listStatements()).map(({ text }) => text));
  const large =
    /^(?:audit_log\w*|blobs|gc_\w+|image_pulls|manifest\w*|object\w*|outbox|repositories|repository_blobs|tags|tag_history|uploads)$/;
  const inner = told.filter((each) => !known.has(each["Query Text"]));
  return inner.flatMap(({ "Query Text": text, Plan }) =>
    scansOf(Plan, (table) => large.test(table)).map((scan) => `${scan}: ${text}`),
  );
}

test("pushes, pulls and deletions read no large table, whatever functions and foreign keys ask", async () => {
  const api = ecrApi(berth);
  const repositoryName = LARGE;
  told.splice(0);
  const first = await pushImage(berth, LARGE, "first", "first");
  const second = await pushImage(berth, LARGE, "second", "second");
  await pushManifest(berth, LARGE, first, "second");
  await pushManifest(berth, LARGE, index([entry(first), entry(second)], { subject: entry(first) }), "both");
  await api.ask("PutImage", { repositoryName, imageManifest: first.bytes.toString(), imageTag: "third" });
  const mounted = await pushBlob(berth, LARGE, "mounted");
  const mount = `/v2/small/000007/blobs/uploads/?mount=${mounted}&from=${LARGE}`;
  expect((await exchange(berth, { method: "POST", path: mount })).status).toBe(201);
  for (const path of ["manifests/both", `manifests/${first.digest}`, `blobs/${mounted}`, "tags/list"]) {
    expect((await exchange(berth, { path: `/v2/${LARGE}/${path}` })).status).toBe(200);
  }
  const imageIds = [{ imageTag: "both" }, { imageTag: "second" }, { imageDigest: second.digest }];
  expect(await api.ask("BatchDeleteImage", { repositoryName, imageIds })).toMatchObject({ failures: [] });
  await deleteRepository(berth, "small/000007");
  const texts = told.map((each) => each["Query Text"]).join("\n");
  for (const asked of [
    "FOR KEY SHARE OF x",
    "INSERT INTO gc_link_queue",
    "INSERT INTO outbox",
    "put_manifest(",
  ]) {
    expect(texts).toContain(asked);
  }
  expect(await scans()).toEqual([]);
});
