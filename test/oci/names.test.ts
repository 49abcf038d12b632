import { afterAll, describe, test } from "vitest";
import { startTestBerth } from "../support/berth.ts";
import { exchange, expectAnswer, testExchanges } from "../support/exchange.ts";
import { blob, entry, image } from "../support/manifests.ts";
import { openSession, pushBlob, pushManifest } from "../support/push.ts";

const berth = await startTestBerth();
afterAll(() => berth.stop());

describe("a name parses from the right", () => {
  test.each([
    "blobs",
    "manifests",
    "uploads",
    "tags",
    "referrers",
    "list",
    "tags/list",
    "a/blobs/b",
    "a/blobs/uploads",
    "blobs/uploads",
    "a/blobs/uploads/b",
    "a/manifests/b",
    "a/manifests/latest",
    "manifests/manifests",
    "a/tags/list",
    "a/tags/list/b",
    "a/referrers/b",
    "v2",
    "a/v2/b",
    "0",
    "a__b/c-d/e.f/g---h",
    `long/${"x".repeat(200)}`,
  ])("%s", async (name) => {
    const path = `/v2/${name}`;
    const config = await pushBlob(berth, name, "{}");
    const session = await openSession(berth, name);
    expectAnswer(await exchange(berth, { method: "PATCH", path: session, body: "layer" }), { status: 202 });
    const layer = blob("layer");
    const put = { method: "PUT", path: `${session}?digest=${layer.digest}` };
    expectAnswer(await exchange(berth, put), {
      status: 201,
      answers: { Location: `${path}/blobs/${layer.digest}` },
    });
    const pushed = await pushManifest(berth, name, image("{}", [layer]), "latest");
    const signed = await pushManifest(berth, name, image("{}", [], { subject: entry(pushed) }));
    for (const reference of ["latest", pushed.digest]) {
      const answer = await exchange(berth, { path: `${path}/manifests/${reference}` });
      expectAnswer(answer, { status: 200, content: pushed.bytes });
    }
    expectAnswer(await exchange(berth, { path: `${path}/blobs/${config}` }), { status: 200, content: "{}" });
    expectAnswer(await exchange(berth, { path: `${path}/tags/list` }), {
      status: 200,
      json: { name, tags: ["latest"] },
    });
    const referrers = await exchange(berth, { path: `${path}/referrers/${pushed.digest}` });
    expectAnswer(referrers, {
      status: 200,
      json: {
        schemaVersion: 2,
        mediaType: "application/vnd.oci.image.index.v1+json",
        manifests: [entry(signed, { artifactType: "application/vnd.oci.image.config.v1+json" })],
      },
    });
    const cancelled = await exchange(berth, { method: "DELETE", path: await openSession(berth, name) });
    expectAnswer(cancelled, { status: 204 });
  });

  test("also when its slashes are percent-encoded", async () => {
    const digest = await pushBlob(berth, "en/coded", "x");
    expectAnswer(await exchange(berth, { path: `/v2/en%2Fcoded/blobs/${digest}` }), {
      status: 200,
      content: "x",
    });
  });
});

describe("an invalid name is refused with the rule", () => {
  const invalid = [
    "Upper/case",
    "a//b",
    "-a",
    "a-",
    "a_-b",
    "a..b",
    "a___b",
    ".a",
    "a%20b",
    "a%00b",
    "ä",
    "a:b",
    "_catalog/x",
  ];
  const calls = (name: string): readonly (readonly [string, string])[] => [
    ["GET", `/v2/${name}/manifests/latest`],
    ["PUT", `/v2/${name}/manifests/latest`],
    ["POST", `/v2/${name}/blobs/uploads/`],
    ["GET", `/v2/${name}/tags/list`],
    ["GET", `/v2/${name}/referrers/${blob("x").digest}`],
    ["GET", `/v2/${name}/blobs/${blob("x").digest}`],
  ];
  testExchanges(
    berth,
    [
      ...invalid.map((name) => [name, "lower-case letters and digits"]),
      ["x".repeat(257), "at most 256 characters"],
    ]
      .flatMap(([name = "", says = ""]) =>
        calls(encodeURI(name).replaceAll("%25", "%")).map(([method, path]) => ({
          name: `${method} of ${name.slice(0, 20)}`,
          ...{ method, path, says },
          status: 400,
          code: "NAME_INVALID",
        })),
      )
      .filter((row, at, rows) => rows.findIndex(({ name }) => name === row.name) === at),
  );

  testExchanges(berth, [
    {
      name: "a path with broken percent-encoding",
      path: "/v2/a%zz/manifests/latest",
      status: 400,
      code: "NAME_INVALID",
      says: "percent-encoding",
    },
    {
      name: "256 characters are not too long",
      path: `/v2/${"x".repeat(256)}/tags/list`,
      status: 404,
      code: "NAME_UNKNOWN",
    },
  ]);
});
