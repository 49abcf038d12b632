import { afterAll, describe, expect, test } from "vitest";
import { startTestBerth } from "../support/berth.ts";
import { detailOf, exchange, expectAnswer } from "../support/exchange.ts";
import {
  blob,
  DOCKER_LIST,
  DOCKER_MANIFEST,
  digestOfText,
  entry,
  FOREIGN_LAYER,
  headersOf,
  image,
  index,
  type Manifest,
  manifest,
  OCI_INDEX,
  OCI_MANIFEST,
} from "../support/manifests.ts";
import {
  configOf,
  createRepository,
  imageOf,
  layerOf,
  openSession,
  pushBlob,
  pushImage,
  pushManifest,
  putManifest,
} from "../support/push.ts";

const berth = await startTestBerth();
afterAll(() => berth.stop());

const pathOf = (reference: string, name: string): string => `/v2/${name}/manifests/${reference}`;
const get = (reference: string, name: string) => exchange(berth, { path: pathOf(reference, name) });
const remove = (reference: string, name: string) =>
  exchange(berth, { method: "DELETE", path: pathOf(reference, name) });

describe("a manifest of any OCI or Docker shape is taken", async () => {
  const NAME = "lib/shapes";
  const config = configOf("shapes");
  await pushImage(berth, NAME, "base", "shapes");
  const base = imageOf("shapes");
  const layer = layerOf("shapes");
  const shapes: readonly (readonly [string, Manifest])[] = [
    ["Docker schema 2", image(config, [layer], { mediaType: DOCKER_MANIFEST })],
    ["a Docker list", index([entry(base)], { mediaType: DOCKER_LIST })],
    ["an OCI index", index([entry(base, { platform: { os: "linux", architecture: "amd64" } })])],
    ["an index of nothing", index([])],
    ["an index of indexes", index([entry(index([]))])],
    ["an image without layers", image(config, [])],
    ["one blob as config and layer", image(config, [blob(config)])],
    ["one layer several times", image(config, [layer, layer, layer])],
    ["a Helm chart", image(blob(config, "application/vnd.cncf.helm.config.v1+json"), [layer])],
    ["an artifact with artifactType", image(config, [layer], { artifactType: "application/spdx+json" })],
    [
      "an artifact whose config type is made up",
      image(blob(config, "made up; anything=goes"), [blob(layer, "x/y")]),
    ],
    ["a subject that is missing", image(config, [layer], { subject: entry(imageOf("nobody has it")) })],
    ["fields that nobody knows", image(config, [layer], { "x-future": { nested: [1, null, true] } })],
    [
      "a body without mediaType",
      manifest({ schemaVersion: 2, config: blob(config), layers: [] }, OCI_MANIFEST),
    ],
    [
      "annotations",
      image(config, [layer], { annotations: { "org.opencontainers.image.title": "ä\u0000\u2028" } }),
    ],
    [
      "foreign layers that nobody pushes",
      image(config, [
        layer,
        { ...blob("on a server of Microsoft's", FOREIGN_LAYER), urls: ["https://x.test/l"] },
      ]),
    ],
    [
      "nondistributable layers that nobody pushes",
      image(config, [blob("never shared", "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip")]),
    ],
    [
      "layers with urls that nobody pushes",
      image(config, [{ ...blob("elsewhere"), urls: ["https://x.test/e"] }]),
    ],
    [
      "a BuildKit cache: an index that lists layers",
      index([blob(layer), { ...blob(config), mediaType: "application/vnd.buildkit.cacheconfig.v0" }]),
    ],
  ];
  await pushManifest(berth, NAME, index([]));
  test.each(shapes)("%s", async (_, pushed) => {
    expectAnswer(await putManifest(berth, NAME, pushed), { status: 201 });
    expectAnswer(await get(pushed.digest, NAME), {
      status: 200,
      answers: headersOf(pushed),
      content: pushed.bytes,
    });
  });

  test.each([
    ["no Content-Type", undefined],
    ["application/json", "application/json"],
    ["a Content-Type with parameters in capitals", `${OCI_MANIFEST.toUpperCase()}; charset=utf-8`],
  ])("%s, when the body says what it is", async (_, type) => {
    const answer = await exchange(berth, {
      method: "PUT",
      path: pathOf(base.digest, NAME),
      headers: type === undefined ? {} : { "content-type": type },
      body: base.bytes,
    });
    expectAnswer(answer, { status: 201 });
    expectAnswer(await get(base.digest, NAME), { status: 200, answers: { "Content-Type": OCI_MANIFEST } });
  });

  test("a blob that an index lists cannot be deleted", async () => {
    const cached = await pushBlob(berth, "lib/cache", "cached layer");
    const cache = await pushManifest(berth, "lib/cache", index([blob("cached layer")]));
    const path = `/v2/lib/cache/blobs/${cached}`;
    expectAnswer(await exchange(berth, { method: "DELETE", path }), {
      status: 405,
      code: "UNSUPPORTED",
      says: cache.digest,
    });
    await remove(cache.digest, "lib/cache");
    expectAnswer(await exchange(berth, { method: "DELETE", path }), { status: 202 });
  });

  test("a foreign layer that is pushed later is held by its manifest from then on", async () => {
    await pushBlob(berth, "lib/foreign", "{}");
    const held = await pushManifest(berth, "lib/foreign", image("{}", [blob("pushed late", FOREIGN_LAYER)]));
    const late = await pushBlob(berth, "lib/foreign", "pushed late");
    const path = `/v2/lib/foreign/blobs/${late}`;
    expectAnswer(await exchange(berth, { method: "DELETE", path }), {
      status: 405,
      code: "UNSUPPORTED",
      says: held.digest,
    });
  });
});

describe("a manifest is refused with the reason", async () => {
  const NAME = "lib/refused";
  await pushImage(berth, NAME, "base", "refused");
  const config = blob(configOf("refused"));
  const layer = blob(layerOf("refused"));
  const oci = (body: object | string) => ({
    bytes: Buffer.from(typeof body === "string" ? body : JSON.stringify(body)),
    type: OCI_MANIFEST,
  });
  const valid = { schemaVersion: 2, mediaType: OCI_MANIFEST, config, layers: [layer] };
  const deep = (levels: number): string => `${"[".repeat(levels)}${"]".repeat(levels)}`;
  const rows: readonly (readonly [string, { bytes: Buffer; type: string }, string | RegExp])[] = [
    ["no JSON", oci("not json"), "the body is not JSON"],
    ["an empty body", oci(""), "the body is not JSON"],
    ["no object", oci("[]"), "a manifest is a JSON object"],
    ["invalid UTF-8", { bytes: Buffer.from([0x7b, 0xff, 0x7d]), type: OCI_MANIFEST }, "UTF-8"],
    ["a byte order mark", oci(`\ufeff${JSON.stringify(valid)}`), "not JSON"],
    ["duplicate keys", oci(`{"schemaVersion":2,"layers":[],"layers":[]}`), 'the key "layers" appears twice'],
    ["duplicate keys, one escaped", oci(`{"schemaVersion":2,"l":1,"\\u006c":2}`), "appears twice"],
    ["duplicate keys deep inside", oci(`{"schemaVersion":2,"x":{"y":[{"a":1,"a":2}]}}`), '"a" appears twice'],
    ["a depth bomb", oci(`{"schemaVersion":2,"x":${deep(100_000)}}`), /nests deeper than 64|not JSON/],
    ["one level too deep", oci(`{"schemaVersion":2,"x":${deep(64)}}`), "nests deeper than 64"],
    [
      "schema 1",
      {
        bytes: Buffer.from(
          JSON.stringify({ schemaVersion: 1, name: "x", tag: "y", fsLayers: [], history: [] }),
        ),
        type: "application/vnd.docker.distribution.manifest.v1+prettyjws",
      },
      "Docker schema 1 is retired",
    ],
    [
      "schema 1 as JSON",
      {
        bytes: Buffer.from(JSON.stringify({ schemaVersion: 1, mediaType: "x/y" })),
        type: "application/json",
      },
      "Docker schema 1 is retired",
    ],
    [
      "the retired artifact manifest",
      {
        bytes: Buffer.from(JSON.stringify({ mediaType: "application/vnd.oci.artifact.manifest.v1+json" })),
        type: "application/vnd.oci.artifact.manifest.v1+json",
      },
      "artifact manifest is retired",
    ],
    [
      "an unknown type",
      { ...oci(valid), type: "text/plain" },
      /Content-Type must be one of.*not "text\/plain"/,
    ],
    ["a type that nobody says", oci({ ...valid, mediaType: undefined }), /./],
    [
      "a mediaType that contradicts Content-Type",
      oci({ ...valid, mediaType: DOCKER_MANIFEST }),
      `mediaType contradicts the Content-Type ${OCI_MANIFEST}`,
    ],
    ["no schemaVersion", oci({ ...valid, schemaVersion: undefined }), "schemaVersion must be 2, not absent"],
    ["schemaVersion 3", oci({ ...valid, schemaVersion: 3 }), "schemaVersion must be 2, not 3"],
    ["schemaVersion as text", oci({ ...valid, schemaVersion: "2" }), 'schemaVersion must be 2, not "2"'],
    ["no config", oci({ ...valid, config: undefined }), "config must be a descriptor"],
    ["no layers", oci({ ...valid, layers: undefined }), "layers must be an array"],
    [
      "an image that is an index too",
      oci({ ...valid, manifests: [] }),
      "manifests does not belong into an image",
    ],
    [
      "an index that is an image too",
      { ...oci({ schemaVersion: 2, manifests: [], layers: [] }), type: OCI_INDEX },
      "layers does not belong into an index",
    ],
    [
      "a negative size",
      oci({ ...valid, config: { ...config, size: -1 } }),
      "config.size must be a non-negative",
    ],
    ["a size in text", oci({ ...valid, layers: [{ ...layer, size: "1" }] }), /layers\[0\]\.size/],
    [
      "a layer without mediaType",
      oci({ ...valid, layers: [{ ...layer, mediaType: "" }] }),
      /layers\[0\]\.mediaType/,
    ],
    [
      "a layer without digest",
      oci({ ...valid, layers: [{ ...layer, digest: undefined }] }),
      /layers\[0\]\.digest/,
    ],
    [
      "a subject that is no descriptor",
      oci({ ...valid, subject: "sha256:x" }),
      "subject must be a descriptor",
    ],
    [
      "annotations that are no strings",
      oci({ ...valid, annotations: { a: 1 } }),
      /annotations\["a"\] must be a string/,
    ],
    ["a type with control characters", oci({ ...valid, artifactType: "a\nb" }), "artifactType"],
  ];
  test.each(rows.filter(([name]) => name !== "a type that nobody says"))(
    "%s",
    async (_, { bytes, type }, says) => {
      const answer = await exchange(berth, {
        method: "PUT",
        path: pathOf("refused", NAME),
        headers: { "content-type": type },
        body: bytes,
      });
      expectAnswer(answer, { status: 400, code: "MANIFEST_INVALID", says });
      expectAnswer(await get("refused", NAME), { status: 404 });
    },
  );

  test("an entry of an index that Go clients could not read, by its member", async () => {
    const unreadable = index([entry(imageOf("content"), { platform: "linux" })]);
    expectAnswer(await putManifest(berth, NAME, unreadable), {
      ...{
        status: 400,
        code: "MANIFEST_INVALID",
        says: 'manifests[0].platform must be an object, not "linux"',
      },
    });
  });

  test("a body of which neither header nor field says what it is", async () => {
    const { mediaType, ...silent } = valid;
    const answer = await exchange(berth, {
      method: "PUT",
      path: pathOf("refused", NAME),
      body: JSON.stringify(silent),
    });
    expectAnswer(answer, { status: 400, code: "MANIFEST_INVALID", says: "neither Content-Type nor" });
    expect(mediaType).toBe(OCI_MANIFEST);
  });

  test.each([
    ["a malformed digest", "sha256:abc", "64 lower-case"],
    ["a digest of an unknown algorithm", `sha1:${"a".repeat(40)}`, "algorithm sha1 is not supported"],
  ])("%s in a descriptor", async (_, digest, says) => {
    const { bytes, type } = oci({ ...valid, layers: [{ ...layer, digest }] });
    const answer = await exchange(berth, {
      method: "PUT",
      path: pathOf("refused", NAME),
      headers: { "content-type": type },
      body: bytes,
    });
    expectAnswer(answer, { status: 400, code: "DIGEST_INVALID", says });
  });

  test("references that the repository does not have, all of them", async () => {
    const missing = ["no config", "no layer", "nor this one"];
    const pushed = image("no config", [layer, "no layer", "nor this one", "no layer"]);
    const answer = await putManifest(berth, NAME, pushed, "incomplete");
    expectAnswer(answer, { status: 404, code: "MANIFEST_BLOB_UNKNOWN", says: digestOfText("nor this one") });
    expect(detailOf(answer)).toEqual(missing.map((text) => ({ digest: digestOfText(text) })));
    expectAnswer(await get("incomplete", NAME), { status: 404 });
  });

  test("children that the repository does not have, all of them", async () => {
    const absent = [imageOf("absent child"), index([])];
    const answer = await putManifest(
      berth,
      NAME,
      index([entry(imageOf("refused")), ...absent.map((m) => entry(m))]),
    );
    expectAnswer(answer, { status: 404, code: "MANIFEST_BLOB_UNKNOWN" });
    expect(detailOf(answer)).toEqual(absent.map(({ digest }) => ({ digest })));
  });

  test("references that only another repository has", async () => {
    await createRepository(berth, "lib/refused-too");
    const answer = await putManifest(berth, "lib/refused-too", imageOf("refused"));
    expectAnswer(answer, { status: 404, code: "MANIFEST_BLOB_UNKNOWN" });
  });

  test("references whose upload is still open", async () => {
    const session = await openSession(berth, NAME);
    await exchange(berth, { method: "PATCH", path: session, body: "uploaded, not completed" });
    const answer = await putManifest(berth, NAME, image(config, ["uploaded, not completed"]));
    expectAnswer(answer, { status: 404, code: "MANIFEST_BLOB_UNKNOWN" });
  });
});

describe("the size of a manifest", async () => {
  const MAX = 4 * 1024 * 1024;
  await pushBlob(berth, "lib/big", "{}");
  const padded = (size: number): Manifest => {
    const pad = (length: number) => image("{}", [], { annotations: { pad: "x".repeat(length) } });
    return pad(size - pad(0).bytes.length);
  };

  test("of 4 MiB is taken, and comes back whole", async () => {
    const largest = padded(MAX);
    expect(largest.bytes.length).toBe(MAX);
    expectAnswer(await putManifest(berth, "lib/big", largest), { status: 201 });
    expectAnswer(await get(largest.digest, "lib/big"), { status: 200, content: largest.bytes });
  });

  test.each([
    ["announced", {}],
    ["chunked", { "transfer-encoding": "chunked" }],
  ])("of one byte more is 413, %s", async (_, headers) => {
    const answer = await putManifest(berth, "lib/big", padded(MAX + 1), "big", headers);
    expectAnswer(answer, { status: 413, code: "SIZE_INVALID", says: "more than 4194304 bytes" });
  });
});
