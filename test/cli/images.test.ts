import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { addImages } from "../../src/cli/browse/images-command.ts";
import { allow } from "../access/scene.ts";
import { ADMINISTRATOR } from "../support/berth.ts";
import { entry, index, OCI_CONFIG, OCI_MANIFEST } from "../support/manifests.ts";
import { createRepository, imageOf, pushImage, pushManifest } from "../support/push.ts";
import { rowsOf } from "../support/rows.ts";
import { startCommandTrial } from "./command-trial.ts";

const trial = await startCommandTrial(addImages);
const { berth, host } = trial;
afterAll(() => trial.close());

const one = await pushImage(berth, "cli/app", "v1", "one");
const list = await pushManifest(berth, "cli/app", index([entry(one)]), "latest");
const note = imageOf("one", { artifactType: "text/note", subject: entry(one) });
await pushManifest(berth, "cli/app", note);
await pushManifest(berth, "cli/app", one, "v1.0");

const cli = (...argv: string[]): Promise<string> => trial.said("images", ...argv);
const rowsIn = (text: string) =>
  text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));

test("a table shows what a repository holds, newest first", async () => {
  const short = (digest: string): string => digest.slice(0, 19);
  const lines = (await cli(`${host}/cli/app`)).split("\n").map((line) => line.replace(/\d+s ago/, "now"));
  expect(lines).toEqual([
    "DIGEST               KIND          SIZE    PUSHED    PULLED  TAGS",
    expect.stringMatching(new RegExp(`^${short(note.digest)}  referrer +28 B +now +never$`)),
    expect.stringMatching(new RegExp(`^${short(list.digest)}  index +28 B +now +never  latest$`)),
    expect.stringMatching(new RegExp(`^${short(one.digest)}  image +28 B +now +never  v1, v1.0$`)),
    "",
  ]);
  expect(await cli(`${host}/cli/app`, "--digests")).toContain(`\n${list.digest}  index`);
});

test("JSON has every member of every image, a line each", async () => {
  const rows = rowsIn(await cli(`${host}/cli/app`, "--json"));
  const common = { pushedAt: expect.stringMatching(/^\d{4}-.*Z$/), pulledAt: null, size: 28 };
  expect(rows).toEqual([
    {
      ...{ ...common, digest: note.digest, tags: [], mediaType: OCI_MANIFEST },
      ...{ artifactType: "text/note", subject: one.digest },
    },
    {
      ...{ ...common, digest: list.digest, tags: ["latest"], mediaType: list.mediaType },
      ...{ artifactType: null, subject: null },
    },
    {
      ...{ ...common, digest: one.digest, tags: ["v1", "v1.0"], mediaType: OCI_MANIFEST },
      ...{ artifactType: OCI_CONFIG, subject: null },
    },
  ]);
});

test("tagged and untagged ones alone, and the newest few", async () => {
  const digests = async (...options: string[]): Promise<unknown[]> =>
    rowsIn(await cli(`${host}/cli/app`, "--json", ...options)).map(({ digest }) => digest);
  expect(await digests("--tagged")).toEqual([list.digest, one.digest]);
  expect(await digests("--untagged")).toEqual([note.digest]);
  expect(await digests("--limit", "2")).toEqual([note.digest, list.digest]);
});

test("every page of a large repository is shown, and an image of many tags in one line", async () => {
  await createRepository(berth, "cli/large");
  await rowsOf(
    berth,
    `INSERT INTO manifests (repository_id, digest, media_type, size, payload, pushed_at, pushed_by, content_size)
      SELECT r.id, '\\x01'::bytea || sha256(n::text::bytea), 'x/y', 0, '', now(), 'test', n
      FROM repositories r, generate_series(1, 1001) AS n WHERE r.name = 'cli/large'`,
  );
  await rowsOf(
    berth,
    `INSERT INTO tags (repository_id, name, manifest_id, revision, updated_at)
      SELECT m.repository_id, 't' || n, m.id, n, now() FROM generate_series(10, 21) AS n,
        (SELECT repository_id, id FROM manifests WHERE content_size = 1001) AS m`,
  );
  const rows = rowsIn(await cli(`${host}/cli/large`, "--json"));
  expect(rows.map(({ size }) => size)).toEqual(Array.from({ length: 1001 }, (_, at) => 1001 - at));
  const table = await cli(`${host}/cli/large`);
  expect(table.trimEnd().split("\n")).toHaveLength(1002);
  expect(table).toMatch(/ {2}1\.0 kB {2}.* t10, t11, t12, t13, t14, t15, t16, t17, t18, t19 and 2 more\n/);
});

test("the host that is configured need not be named", async () => {
  const { BERTH_CONFIG = "" } = trial.nobody;
  await writeFile(BERTH_CONFIG, JSON.stringify({ hosts: { [host]: { endpoint: berth.url } } }));
  expect(await cli("cli/app", "--tagged")).toContain("v1, v1.0");
  await rm(BERTH_CONFIG);
  await trial.refuses("name a HOST: none is configured yet", "images", "cli/app");
});

test("a host of ECR's form names the account, and the region", async () => {
  const env = { ...trial.administrator, AWS_ENDPOINT_URL_ECR: berth.url };
  const at = (region: string): string[] => ["images", `999999999999.dkr.ecr.${region}.example.com/cli/app`];
  await trial.fails(/on resource: arn:aws:ecr:us-east-1:999999999999:repository\/cli/, at("us-east-1"), env);
  await trial.fails("mars-1", at("mars-1"), env);
});

test("what is wrong is said", async () => {
  const at = (repository: string): string[] => ["images", `${host}/${repository}`];
  await trial.fails("The repository with name 'cli/none' does not exist in the registry", at("cli/none"));
  await trial.fails(`nobody is logged in; run: berth login ${host}`, at("cli/app"), trial.nobody);
  const wrongKey = { ...trial.administrator, BERTH_SECRET_ACCESS_KEY: "x" };
  await trial.fails("signature", at("cli/app"), wrongKey);
  const lister = await trial.user("lister", allow(["ecr:ListImages"]));
  await trial.fails(
    /not authorized to perform: ecr:DescribeImages on resource: .*repository\/cli\/app.* \(berth explain --id \S+ says why\)$/,
    at("cli/app"),
    lister,
  );
  await trial.fails("cannot reach http://127.0.0.1:1: connect ECONNREFUSED", ["images", "127.0.0.1:1/app"]);
  await trial.refuses("It must name a repository, without a tag or digest", ...at("cli/app:v1"));
  await trial.refuses("invalid repository name", ...at("CLI"));
  await trial.refuses("It must be a number from 1", ...at("cli/app"), "--limit", "0");
  await trial.refuses("cannot be used with option '--untagged'", ...at("cli/app"), "--tagged", "--untagged");
});

test("a registry token of docker's is told from an access key; keys and sessions are taken", async () => {
  const file = join(trial.nobody["DOCKER_CONFIG"] ?? "", "config.json");
  const logIn = (user: string, password: string): Promise<void> =>
    writeFile(
      file,
      JSON.stringify({ auths: { [host]: { auth: Buffer.from(`${user}:${password}`).toString("base64") } } }),
    );
  await logIn("AWS", "a.b.c");
  await trial.fails(
    `what docker has for ${host} is a token, and this takes an access key; run: berth login ${host}`,
    ["images", `${host}/cli/app`],
    trial.nobody,
  );
  await logIn(ADMINISTRATOR.accessKeyId, `${ADMINISTRATOR.secretAccessKey}.no-session`);
  await trial.fails("security token", ["images", `${host}/cli/app`], trial.nobody);
  await rm(file);
});
