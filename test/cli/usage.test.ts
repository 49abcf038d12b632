import pg from "pg";
import { afterAll, expect, test, vi } from "vitest";
import { postgresUsage } from "../../src/adapters/postgres/usage/store.ts";
import { addUsage } from "../../src/cli/usage/command.ts";
import type { RegistryId } from "../../src/registry/scope.ts";
import { allow } from "../access/scene.ts";
import { entry, image, index } from "../support/manifests.ts";
import { createRepository, pushBlob, pushManifest } from "../support/push.ts";
import { rowsOf } from "../support/rows.ts";
import { CapturedIo } from "./captured-io.ts";
import { startCommandTrial } from "./command-trial.ts";

const trial = await startCommandTrial(addUsage);
const { berth, host } = trial;
afterAll(() => trial.close());

/** An image whose config is its name, of two characters, and of these layers. */
async function push(repository: string, config: string, layers: readonly string[], more = {}) {
  for (const content of [config, ...layers]) await pushBlob(berth, repository, content);
  return pushManifest(berth, repository, image(config, layers, more), config);
}

const BASE = "b".repeat(1_000);
const SHARED = "s".repeat(200);
await createRepository(berth, "blue/empty");
const a1 = await push("blue/app", "a1", [BASE, "x".repeat(10)]);
const a2 = await push("blue/app", "a2", [BASE, "y".repeat(20)]);
await push("blue/web", "w1", [BASE, SHARED]);
await push("red/app", "r1", [SHARED, "z".repeat(40)]);
await push("plain", "p1", ["p".repeat(80)]);

const cli = (...options: string[]): Promise<string> => trial.said("usage", host, ...options);
const usageOf = async (...options: string[]) => JSON.parse(await cli(...options, "--json"));
/** Nobody pushed or pulled it for forty days. */
const age = (digest: string): Promise<unknown> =>
  rowsOf(
    berth,
    "UPDATE manifests SET pushed_at = now() - interval '40 days' WHERE encode(digest, 'hex') = '01' || $1",
    [digest.slice("sha256:".length)],
  );
const pull = (digest: string, days: number): Promise<unknown> =>
  rowsOf(
    berth,
    `INSERT INTO image_pulls SELECT repository_id, id, now() - make_interval(days => $2) FROM manifests
      WHERE encode(digest, 'hex') = '01' || $1 ON CONFLICT (repository_id, manifest_id) DO UPDATE SET pulled_at = excluded.pulled_at`,
    [digest.slice("sha256:".length), days],
  );

test("bytes by repository, the largest first: what is stored, what sharing saves, what is its own", async () => {
  const line = (name: string, images: number, bytes: number, savedBytes: number, ownBytes: number) => ({
    ...{ name, repositories: 1, images, bytes, savedBytes, ownBytes, unpulled: null },
  });
  expect(await usageOf("--by", "repository")).toEqual({
    ...{ by: "repository", namespace: null, unpulledDays: null, more: false },
    total: {
      ...{ repositories: 5, images: 5, bytes: 1360, savedBytes: 2200, ownBytes: 1360, unpulled: null },
    },
    lines: [
      line("blue/web", 1, 1202, 0, 2),
      line("blue/app", 2, 1034, 1000, 34),
      line("red/app", 1, 242, 0, 42),
      line("plain", 1, 82, 0, 82),
      line("blue/empty", 0, 0, 0, 0),
    ],
  });
});

test("by namespace, and of one namespace by repository", async () => {
  const { total, lines } = await usageOf();
  expect(total).toMatchObject({ repositories: 5, bytes: 1360, savedBytes: 2200, ownBytes: 1360 });
  expect(lines).toEqual([
    {
      name: "blue",
      repositories: 3,
      images: 3,
      bytes: 1236,
      savedBytes: 2000,
      ownBytes: 1036,
      unpulled: null,
    },
    { name: "red", repositories: 1, images: 1, bytes: 242, savedBytes: 0, ownBytes: 42, unpulled: null },
    { name: "", repositories: 1, images: 1, bytes: 82, savedBytes: 0, ownBytes: 82, unpulled: null },
  ]);
  const blue = await usageOf("--namespace", "blue/");
  expect(blue).toMatchObject({
    ...{ by: "repository", namespace: "blue" },
    // What red has as well would not come back if blue went.
    total: { repositories: 3, images: 3, bytes: 1236, savedBytes: 2000, ownBytes: 1036 },
    lines: [
      { name: "blue/web", ownBytes: 2 },
      { name: "blue/app", ownBytes: 34 },
      { name: "blue/empty", ownBytes: 0 },
    ],
  });
});

test("a few lines of many, and the total of all of them", async () => {
  const { more, lines, total } = await usageOf("--by", "repository", "--limit", "2");
  expect([more, lines.length, total.bytes]).toEqual([true, 2, 1360]);
  expect(await cli("--by", "repository", "--limit", "2")).toMatch(/^blue\/app.*\n\.\.\.\nall /m);
});

test("what nobody pulled: what it holds, and what would come back if it went", async () => {
  const unpulled = async (...options: string[]): Promise<unknown[]> => {
    const { lines, total } = await usageOf("--unpulled", "30", ...options);
    return [
      ...lines
        .filter((line: { unpulled: { images: number } }) => line.unpulled.images > 0)
        .map((line: { name: string; unpulled: object }) => [line.name, ...Object.values(line.unpulled)]),
      Object.values(total.unpulled),
    ];
  };
  expect(await unpulled("--by", "repository")).toEqual([[0, 0, 0]]);
  await age(a1.digest);
  // The base stays for a2; in the web repository as well.
  expect(await unpulled("--by", "repository")).toEqual([
    ["blue/app", 1, 1012, 12],
    [1, 1012, 12],
  ]);
  await age(a2.digest);
  await rowsOf(berth, "UPDATE manifests SET pushed_at = now() - interval '40 days'");
  await pull(a2.digest, 20);
  // Web and red together would free what they share, neither alone does.
  expect(await unpulled()).toEqual([
    ["blue", 2, 1212 + 2, 14],
    ["red", 1, 242, 42],
    ["", 1, 82, 82],
    [4, 1212 + 2 + 42 + 82, 12 + 2 + 200 + 42 + 82],
  ]);
  await pull(a2.digest, 31);
  expect((await unpulled("--namespace", "blue")).at(-1)).toEqual([3, 1236, 1036]);
});

test("what is pulled by an index or refers to an image goes with it", async () => {
  const child = await push("kept/app", "c1", ["c".repeat(300)]);
  const list = await pushManifest(berth, "kept/app", index([entry(child)]), "list");
  await push("kept/app", "n1", ["n".repeat(400)], { subject: entry(child) });
  await rowsOf(berth, "UPDATE manifests SET pushed_at = now() - interval '40 days'");
  const unpulled = async () => (await usageOf("--unpulled", "30", "--namespace", "kept")).total.unpulled;
  expect(await unpulled()).toEqual({ images: 3, bytes: 704, reclaimableBytes: 704 });
  // A push under way elsewhere has a layer of it already.
  await pushBlob(berth, "kept/other", "c".repeat(300));
  expect(await unpulled()).toEqual({ images: 3, bytes: 704, reclaimableBytes: 404 });
  await pull(list.digest, 1);
  expect(await unpulled()).toEqual({ images: 0, bytes: 0, reclaimableBytes: 0 });
});

test("a table for people", async () => {
  const text = await cli("--namespace", "red", "--unpulled", "30");
  expect(text).toBe(
    [
      "REPOSITORY  IMAGES  STORED  SHARING SAVES  ITS OWN  UNPULLED 30d  THEY HOLD  WOULD FREE",
      "red/app          1   242 B            0 B     42 B             1      242 B        42 B",
      "all              1   242 B            0 B     42 B             1      242 B        42 B",
      "",
    ].join("\n"),
  );
  expect(await cli("--limit", "10")).toMatch(
    /^NAMESPACE {2}REPOSITORIES {2}IMAGES(?:.*\n)+\(none\) +1 +1 +82 B/,
  );
});

test("somebody at a terminal is told what they wait for", async () => {
  const { whileWaiting } = await import("../../src/cli/tables/waiting.ts");
  vi.useFakeTimers();
  const io = new CapturedIo();
  Object.assign(io.stderr, { isTTY: true });
  const work = Promise.withResolvers<number>();
  const waiting = whileWaiting(io, "adding up…", work.promise);
  vi.advanceTimersByTime(999);
  expect(io.errors).toBe("");
  vi.advanceTimersByTime(1);
  vi.useRealTimers();
  work.resolve(1);
  expect(await waiting).toBe(1);
  expect(io.errors).toBe("adding up…\r\x1b[K");
});

test("what takes too long is refused, and leaves nothing behind", async () => {
  const usage = postgresUsage(berth.database, 100);
  const scope = { id: await registryId(), account: "000000000000", region: "us-east-1" };
  const query = { by: "namespace", namespace: undefined, unpulledSince: undefined, limit: 10 } as const;
  const locker = new pg.Client(berth.connection.direct);
  await locker.connect();
  await locker.query("BEGIN; LOCK TABLE blobs IN ACCESS EXCLUSIVE MODE");
  expect(await usage.report(scope, query)).toBe("too much");
  await locker.end();
  await expect.poll(() => postgresUsage(berth.database).report(scope, query)).toMatchObject({ isCut: false });
});

async function registryId(): Promise<RegistryId> {
  const [row] = await rowsOf<{ id: RegistryId }>(berth, "SELECT min(id) AS id FROM registries");
  if (row === undefined) throw new Error("there is no registry");
  return row.id;
}

test("what is wrong is said", async () => {
  const argv = ["usage", host];
  await trial.fails("nobody is logged in", argv, trial.nobody);
  const reader = await trial.user("reader", allow(["ecr:*"]));
  await trial.fails("not authorized to perform: berth:GetUsage", argv, reader);
  await trial.fails("in region mars-1", [...argv, "--region", "mars-1"]);
  await trial.fails("invalid repository name", [...argv, "--namespace", "Blue"]);
  await trial.fails("limit must be a number from 1 to 10000", [...argv, "--limit", "10001"]);
  await trial.fails("unpulled must be a number from 1 to 3650", [...argv, "--unpulled", "3651"]);
  await trial.refuses("Allowed choices are namespace, repository", ...argv, "--by", "account");
  await trial.refuses("It must be a number of days from 1", ...argv, "--unpulled", "0");
  const asked = await berth.fetch("/v1/usage?by=account");
  expect([asked.status, await asked.text()]).toEqual([400, expect.stringContaining("by must be repository")]);
  expect((await berth.fetch("/v1/usage", { method: "POST" })).headers.get("allow")).toBe("GET, OPTIONS");
  const nobody = await berth.fetch("/v1/usage", { headers: { authorization: "" } });
  expect(nobody.status).toBe(401);
});
