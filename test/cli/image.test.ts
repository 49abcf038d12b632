import { afterAll, expect, test } from "vitest";
import { addImage } from "../../src/cli/browse/image-command.ts";
import { allow } from "../access/scene.ts";
import { blob, entry, image, index, OCI_CONFIG, OCI_LAYER } from "../support/manifests.ts";
import { changeRepository, imageOf, pushBlob, pushManifest } from "../support/push.ts";
import { CapturedIo } from "./captured-io.ts";
import { startCommandTrial } from "./command-trial.ts";

const trial = await startCommandTrial(addImage);
const { berth, host } = trial;
afterAll(() => trial.close());

const CONFIG = {
  ...{ os: "linux", architecture: "arm64", variant: "v8", created: "2026-01-02T03:04:05Z" },
  config: {
    ...{ User: "65532", WorkingDir: "/srv", Entrypoint: ["/bin/serve"], Cmd: ["--port", "80"] },
    ...{ Env: ["A=1", "B=\u001b[31m"], ExposedPorts: { "80/tcp": {} }, Labels: { team: "blue" } },
  },
};
const config = JSON.stringify(CONFIG);
for (const content of [config, "layer one", "layer two"]) await pushBlob(berth, "cli/app", content);
const one = await pushManifest(berth, "cli/app", image(config, ["layer one", "layer two"]), "v1");
const absent = imageOf("absent");
await changeRepository(berth, "cli/app", { sparse: true });
const both = await pushManifest(
  berth,
  "cli/app",
  index(
    [
      entry(one, { platform: { os: "linux", architecture: "arm64", variant: "v8" } }),
      entry(absent, { platform: { os: "linux", architecture: "amd64" } }),
    ],
    { annotations: { note: "yes" } },
  ),
  "latest",
);
const signature = image(blob("{}", "text/empty"), ["layer one"], {
  ...{ artifactType: "text/signature", subject: entry(both), annotations: { by: "me" } },
});
await pushBlob(berth, "cli/app", "{}");
await pushManifest(berth, "cli/app", signature);

const cli = (...argv: string[]): Promise<string> => trial.said("image", ...argv);

test("an index is shown with its platforms, those that are absent as well, and what refers to it", async () => {
  const text = await cli(`${host}/cli/app`);
  expect(text.split("\n").map((line) => line.replace(/\S+Z \(\d+s ago\)/, "now"))).toEqual([
    `digest      ${both.digest}`,
    "tags        latest",
    `kind        index, ${both.mediaType}`,
    expect.stringMatching(/^size {8}\d+ B$/),
    "pushed      now",
    "pulled      never",
    "",
    "PLATFORMS",
    "PLATFORM          SIZE  LAYERS  DIGEST",
    `linux/arm64/v8   ${config.length + 18} B       2  ${one.digest}`,
    `linux/amd64     absent       -  ${absent.digest}`,
    "",
    "REFERRERS",
    "ARTIFACT        DIGEST",
    `text/signature  ${signature.digest}`,
    "",
    "ANNOTATIONS",
    "note=yes",
    "",
  ]);
});

test("an image is shown with its config and its layers, and moves no cursor", async () => {
  const text = await cli(`${host}/cli/app:v1`);
  expect(text).toContain(
    [
      "CONFIG",
      "platform    linux/arm64/v8",
      "created     2026-01-02T03:04:05Z",
      "user        65532",
      "workdir     /srv",
      'entrypoint  ["/bin/serve"]',
      'cmd         ["--port","80"]',
      "ports       80/tcp",
      "env         A=1",
      "            B=?[31m",
      "labels      team=blue",
      "",
      "LAYERS",
    ].join("\n"),
  );
  const { digest } = blob("layer two");
  expect(text).toContain(`\n 9 B  ${digest}  ${OCI_LAYER}\n`);
});

test("JSON has every member, also of what an image has not", async () => {
  const described = JSON.parse(await cli(`${host}/cli/app@${one.digest}`, "--json"));
  expect(described).toEqual({
    ...{ repository: "cli/app", digest: one.digest, tags: ["v1"], mediaType: one.mediaType },
    ...{ artifactType: OCI_CONFIG, subject: null, size: config.length + 18 },
    ...{ pushedAt: expect.any(String), pulledAt: expect.toSatisfy((at) => at === null || at.endsWith("Z")) },
    ...{ annotations: {}, platforms: [], layers: [blob("layer one"), blob("layer two")] },
    config: { ...blob(config, OCI_CONFIG), content: CONFIG },
    referrers: [],
  });
  const listed = JSON.parse(await cli(`${host}/cli/app:latest`, "--json"));
  expect(listed).toMatchObject({
    ...{ config: null, layers: [], artifactType: null },
    platforms: [
      { ...entry(one), platform: "linux/arm64/v8", imageSize: config.length + 18, layers: 2 },
      { ...entry(absent), platform: "linux/amd64", imageSize: null, layers: null },
    ],
    referrers: [
      {
        ...{ digest: signature.digest, mediaType: signature.mediaType, artifactType: "text/signature" },
        ...{ size: signature.bytes.length, annotations: { by: "me" } },
      },
    ],
  });
});

test("what somebody may not see is left out, and said", async () => {
  const puller = await trial.user("puller", allow(["ecr:DescribeImages", "ecr:BatchGetImage"]));
  const io = new CapturedIo();
  expect(await trial.run(io, ["image", `${host}/cli/app:v1`, "--json"], puller)).toBe(0);
  expect(JSON.parse(io.out).config).toEqual({ ...blob(config, OCI_CONFIG), content: null });
  expect(io.errors).toMatch(
    /^berth: the config is not shown: .* not authorized to perform: ecr:GetDownloadUrlForLayer/,
  );
  const describer = await trial.user("describer", allow(["ecr:DescribeImages"]));
  await trial.fails(
    "not authorized to perform: ecr:BatchGetImage",
    ["image", `${host}/cli/app:v1`],
    describer,
  );
});

test("what is wrong is said", async () => {
  await trial.fails("imageTag:'v9'} does not exist within the repository with name 'cli/app'", [
    ...["image", `${host}/cli/app:v9`],
  ]);
  await trial.fails("The repository with name 'cli/none' does not exist", ["image", `${host}/cli/none:v1`]);
  await trial.fails("nobody is logged in", ["image", `${host}/cli/app`], trial.nobody);
  await trial.refuses("invalid digest", "image", `${host}/cli/app@sha256:12`);
});
