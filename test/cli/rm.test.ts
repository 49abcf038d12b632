import { afterAll, expect, test } from "vitest";
import { addRm } from "../../src/cli/browse/rm-command.ts";
import { allow } from "../access/scene.ts";
import { entry, index } from "../support/manifests.ts";
import { pushImage, pushManifest } from "../support/push.ts";
import { CapturedIo } from "./captured-io.ts";
import { startCommandTrial } from "./command-trial.ts";

const trial = await startCommandTrial(addRm);
const { berth, host } = trial;
afterAll(() => trial.close());

const at = (name: string): string => `${host}/${name}`;
const statusOf = async (name: string, reference: string): Promise<number> =>
  (await berth.fetch(`/v2/${name}/manifests/${reference}`)).status;

test("tags and images of several repositories go, after what goes was shown and confirmed", async () => {
  const one = await pushImage(berth, "asked/a", "v1", "one");
  await pushManifest(berth, "asked/a", one, "v2");
  const two = await pushImage(berth, "asked/a", "solo", "two");
  const three = await pushImage(berth, "asked/b", "x", "three");
  const names = [at("asked/a:v1"), at("asked/a:solo"), at(`asked/b@${three.digest}`)];
  const io = new CapturedIo({ typed: "no\n" });
  expect(await trial.run(io, ["rm", ...names])).toBe(1);
  const short = (digest: string): string => digest.slice(0, 19);
  expect(io.errors).toContain(
    [
      `asked/a ${short(one.digest)} loses the tag v1 and keeps the tag v2.`,
      `asked/a ${short(two.digest)} (28 B) goes with the tag solo.`,
      `asked/b ${short(three.digest)} (32 B) goes with the tag x.`,
      "Type yes to go on: ",
    ].join("\n"),
  );
  expect(io.errors).toContain("berth: nothing was done");
  expect(await statusOf("asked/a", "solo")).toBe(200);
  await trial.refuses("Say --yes where nobody can be asked", "rm", ...names);

  const yes = new CapturedIo({ typed: "yes\n" });
  expect(await trial.run(yes, ["rm", ...names])).toBe(0);
  expect(yes.out).toBe(
    [
      `deleted asked/a:v1@${one.digest}`,
      `deleted asked/a:solo@${two.digest}`,
      `deleted asked/b:x@${three.digest}`,
      "",
    ].join("\n"),
  );
  expect(await statusOf("asked/a", "v2")).toBe(200);
  expect(await statusOf("asked/a", two.digest)).toBe(404);
  expect(await statusOf("asked/b", three.digest)).toBe(404);
});

test("a digest beside a tag takes the whole image, and that is shown", async () => {
  const one = await pushImage(berth, "both/a", "v1", "one");
  await pushManifest(berth, "both/a", one, "v2");
  const io = new CapturedIo({ typed: "yes\n" });
  expect(await trial.run(io, ["rm", at(`both/a:v1@${one.digest}`)])).toBe(0);
  expect(io.errors).toContain("(28 B) goes with the tags v1, v2.");
  expect(await statusOf("both/a", one.digest)).toBe(404);
});

test("--yes asks nothing; what could not go is said of each, also as JSON", async () => {
  const one = await pushImage(berth, "kept/a", undefined, "one");
  const list = await pushManifest(berth, "kept/a", index([entry(one)]), "all");
  const io = new CapturedIo();
  const names = [at(`kept/a@${one.digest}`), at("kept/a:none")];
  expect(await trial.run(io, ["rm", "--yes", "--json", ...names])).toBe(1);
  const lines = io.out.trimEnd().split("\n");
  expect(lines.map((line) => JSON.parse(line))).toEqual([
    {
      ...{ repository: "kept/a", digest: one.digest, tag: null, deleted: false },
      ...{ code: "ImageReferencedByManifestList", reason: expect.stringContaining(list.digest) },
    },
    {
      ...{ repository: "kept/a", digest: null, tag: "none", deleted: false },
      ...{ code: "ImageNotFound", reason: expect.any(String) },
    },
  ]);
  expect(io.errors).toMatch(
    /^berth: kept\/a@sha256:\S+: .*\nberth: kept\/a:none: .*\nberth: 2 could not be deleted\n$/,
  );
  expect(await trial.said("rm", "--yes", "--json", at("kept/a:all"))).toBe(
    `${JSON.stringify({ repository: "kept/a", digest: list.digest, tag: "all", deleted: true, code: null, reason: null })}\n`,
  );
});

test("what is wrong is said before anything goes", async () => {
  await pushImage(berth, "wrong/a", "v1", "one");
  const typed = new CapturedIo({ typed: "yes\n" });
  expect(await trial.run(typed, ["rm", at("wrong/a:v1"), at("wrong/a:v9")])).toBe(1);
  expect(typed.errors).toContain("imageTag:'v9'} does not exist");
  expect(await statusOf("wrong/a", "v1")).toBe(200);
  await trial.refuses("It must have a tag or a digest", "rm", "--yes", at("wrong/a"));
  await trial.fails("The repository with name 'wrong/none' does not exist", [
    "rm",
    "--yes",
    at("wrong/none:v1"),
  ]);
  await trial.fails("nobody is logged in", ["rm", "--yes", at("wrong/a:v1")], trial.nobody);
  const reader = await trial.user("reader", allow(["ecr:DescribeImages"]));
  await trial.fails(
    "not authorized to perform: ecr:BatchDeleteImage",
    ["rm", "--yes", at("wrong/a:v1")],
    reader,
  );
  expect(await statusOf("wrong/a", "v1")).toBe(200);
});
