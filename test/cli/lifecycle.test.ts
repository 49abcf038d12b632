import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { addLifecycle } from "../../src/cli/lifecycle/command.ts";
import { allow } from "../access/scene.ts";
import { entry } from "../support/manifests.ts";
import { createRepository, imageOf, pushImage, pushManifest } from "../support/push.ts";
import { CapturedIo } from "./captured-io.ts";
import { startCommandTrial } from "./command-trial.ts";

const trial = await startCommandTrial(addLifecycle);
const { berth, host } = trial;
const folder = await mkdtemp(join(tmpdir(), "berth-lifecycle-"));
afterAll(async () => {
  await trial.close();
  await rm(folder, { recursive: true });
});

/** A file with a policy that keeps so many images. */
async function keeping(countNumber: number): Promise<string> {
  const file = join(folder, `${countNumber}.json`);
  const selection = { tagStatus: "any", countType: "imageCountMoreThan", countNumber };
  const rule = { rulePriority: 7, description: "some", selection, action: { type: "expire" } };
  await writeFile(file, JSON.stringify({ rules: [rule] }));
  return file;
}

const cli = (...argv: string[]): Promise<string> => trial.said("lifecycle", ...argv);
const app = `${host}/cli/app`;

test("a preview says what would go, by which rule, why, and what comes back", async () => {
  const old = await pushImage(berth, "cli/app", "v1", "first");
  const signature = imageOf("first", { artifactType: "text/signature", subject: entry(old) });
  await pushManifest(berth, "cli/app", signature);
  await pushImage(berth, "cli/app", "v2", "second");
  const preview = JSON.parse(await cli("preview", app, "--policy", await keeping(1), "--json"));
  const pushedAt = expect.stringMatching(/^\d{4}-.*Z$/);
  expect(preview).toEqual({
    ...{ policy: expect.stringContaining('"rulePriority":7'), expiring: 2, transitioning: 0, bytes: 32 },
    images: expect.toSatisfy((images: unknown[]) => images.length === 2),
  });
  expect(preview.images).toEqual(
    expect.arrayContaining([
      {
        ...{ digest: old.digest, tags: ["v1"], pushedAt, action: "expire", rule: 7 },
        reason: "number 2 from the youngest, and the rule keeps 1",
      },
      {
        ...{ digest: signature.digest, tags: [], pushedAt, action: "expire", rule: 7 },
        reason: `goes with ${old.digest}, to which it refers`,
      },
    ]),
  );
  const table = await cli("preview", app, "--policy", await keeping(1));
  expect(table).toMatch(/^DIGEST {15}RULE {2}ACTION {2} *PUSHED {2}TAGS {2}WHY$/m);
  expect(table).toMatch(
    new RegExp(
      `^${old.digest.slice(0, 19)}     7  expire +\\d+s ago  v1    number 2 from the youngest, and the rule keeps 1$`,
      "m",
    ),
  );
  expect(table).toMatch(/\n2 of its manifests would go, and 32 B come back\n$/);
  expect(await cli("preview", app, "--policy", await keeping(5))).toBe(
    "0 of its manifests would go, and 0 B come back\n",
  );
});

test("a policy is set, shown, previewed and taken away", async () => {
  const file = await keeping(100);
  expect(await cli("put", app, file)).toBe("");
  expect(await cli("get", app)).toContain('"countNumber":100');
  expect(JSON.parse(await cli("get", app, "--json"))).toEqual({
    ...{ repository: "cli/app", policy: expect.stringContaining('"countNumber":100') },
    evaluatedAt: expect.toSatisfy((at) => at === null || at.endsWith("Z")),
  });
  expect(await cli("preview", app)).toContain("0 of its manifests would go");
  expect(await cli("delete", app)).toBe("");
  await trial.fails("Lifecycle policy does not exist", ["lifecycle", "get", app]);
  await trial.fails("Lifecycle policy does not exist", ["lifecycle", "preview", app]);
});

test("a policy comes from stdin, too", async () => {
  await createRepository(berth, "cli/piped");
  const io = new CapturedIo({ typed: '{ "rules": [] }' });
  expect(await trial.run(io, ["lifecycle", "put", `${host}/cli/piped`, "-"])).toBe(1);
  expect(io.errors).toMatch(/lifecyclePolicyText|Lifecycle policy/i);
});

test("what is wrong is said", async () => {
  const file = await keeping(1);
  const none = `${host}/cli/none`;
  await trial.fails("repository with name 'cli/none' does not exist", ["lifecycle", "get", none]);
  await trial.fails("repository with name 'cli/none' does not exist", [
    ...["lifecycle", "preview", none, "--policy", file],
  ]);
  await trial.fails(`cannot read ${file}.none: ENOENT`, ["lifecycle", "put", app, `${file}.none`]);
  await trial.fails("nobody is logged in", ["lifecycle", "get", app], trial.nobody);
  await trial.refuses("without a tag or digest", "lifecycle", "preview", `${app}:v1`);
  const argv = ["lifecycle", "preview", app, "--policy", file];
  const reader = await trial.user("reader", allow(["ecr:GetLifecyclePolicyPreview"]));
  await trial.fails("not authorized to perform: ecr:StartLifecyclePolicyPreview", argv, reader);
  const starter = await trial.user("starter", allow(["ecr:StartLifecyclePolicyPreview"]));
  await trial.fails(
    /not authorized to perform: ecr:GetLifecyclePolicyPreview on resource: .*:repository\/cli\/app/,
    argv,
    starter,
  );
});

test("the preview over HTTP comes in pages, for those who may see it", async () => {
  await cli("preview", app, "--policy", await keeping(1));
  const read = async (query: string): Promise<[number, string]> => {
    const answer = await berth.fetch(`/v1/lifecycle/preview?${query}`);
    return [answer.status, await answer.text()];
  };
  const first = JSON.parse((await read("repository=cli/app&limit=1"))[1]);
  expect(first).toMatchObject({ status: "COMPLETE", expiring: 2, next: 0 });
  const second = JSON.parse((await read("repository=cli/app&limit=1&after=0"))[1]);
  expect([first.images.length, second.images.length, second.next]).toEqual([1, 1, null]);
  expect(second.images[0].digest).not.toBe(first.images[0].digest);
  expect(await read("limit=1")).toEqual([400, expect.stringContaining("repository is needed")]);
  expect(await read("repository=cli/none")).toEqual([404, expect.stringContaining("NAME_UNKNOWN")]);
  expect(await read("repository=cli/piped")).toEqual([404, expect.any(String)]);
  expect((await berth.fetch("/v1/lifecycle/preview", { method: "POST" })).headers.get("allow")).toBe(
    "GET, OPTIONS",
  );
  const nobody = await berth.fetch("/v1/lifecycle/preview", { headers: { authorization: "" } });
  expect(nobody.status).toBe(401);
});
