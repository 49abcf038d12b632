import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MANIFEST_SIZE_MAX, type ManifestView, parseManifest } from "../../src/registry/manifest.ts";
import {
  blob,
  DOCKER_LIST,
  DOCKER_MANIFEST,
  digestOfText,
  entry,
  FOREIGN_LAYER,
  image,
  index,
  manifest,
  OCI_CONFIG,
  OCI_INDEX,
  OCI_LAYER,
  OCI_MANIFEST,
} from "../support/manifests.ts";
import { refusal } from "./refusal.ts";

type Body = Readonly<Record<string, unknown>>;

const CONFIG = blob("{}", OCI_CONFIG);
const LAYER = blob("layer");
const IMAGE: Body = { schemaVersion: 2, mediaType: OCI_MANIFEST, config: CONFIG, layers: [LAYER] };
const INDEX: Body = {
  schemaVersion: 2,
  mediaType: OCI_INDEX,
  manifests: [{ ...LAYER, mediaType: OCI_MANIFEST }],
};

function parse(body: Body, contentType = String(body["mediaType"])): ManifestView {
  return parseManifest(manifest(body).bytes, contentType);
}

function refuse(body: Body, contentType?: string): () => unknown {
  return () => parse(body, contentType);
}

describe("an image", () => {
  test.each([OCI_MANIFEST, DOCKER_MANIFEST])("of type %s has its config and layers in order", (mediaType) => {
    const layers = [blob("one"), blob("two", "x/y", "sha512"), blob("one")];
    const view = parse({ ...IMAGE, mediaType, layers });
    expect(view).toEqual({
      mediaType,
      blobs: [CONFIG, ...layers].map((descriptor) => ({ ...descriptor, mayBeAbsent: false })),
      children: [],
      subject: undefined,
      artifactType: OCI_CONFIG,
      annotations: undefined,
    });
  });

  test.each([
    [
      "a Helm chart",
      "application/vnd.cncf.helm.config.v1+json",
      "application/vnd.cncf.helm.chart.content.v1.tar+gzip",
    ],
    ["a WebAssembly module", "application/vnd.wasm.config.v0+json", "application/wasm"],
    ["a cosign signature", OCI_CONFIG, "application/vnd.dev.cosign.simplesigning.v1+json"],
    [
      "a Docker plugin",
      "application/vnd.docker.plugin.v1+json",
      "application/vnd.docker.image.rootfs.diff.tar.gzip",
    ],
    ["types that nobody registered", "Model Card; v=1", "köln/λ"],
  ])("may be %s", (_, configType, layerType) => {
    const view = parse({ ...IMAGE, config: blob("c", configType), layers: [blob("l", layerType)] });
    expect(view.blobs.map(({ mediaType }) => mediaType)).toEqual([configType, layerType]);
    expect(view.artifactType).toBe(configType);
  });

  test("may be an artifact: an empty config that is its layer too", () => {
    const empty = blob("{}", "application/vnd.oci.empty.v1+json");
    const view = parse({ ...IMAGE, artifactType: "application/vnd.example", config: empty, layers: [empty] });
    expect(view.artifactType).toBe("application/vnd.example");
    expect(view.blobs.map(({ digest }) => digest)).toEqual([empty.digest, empty.digest]);
  });

  test.each([[], null])("may have no layers: %j", (layers) => {
    expect(parse({ ...IMAGE, layers }).blobs).toHaveLength(1);
  });

  test.each([
    ["foreign", FOREIGN_LAYER],
    ["nondistributable", "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip"],
  ])("may lack %s layers", (_, mediaType) => {
    const view = parse({ ...IMAGE, layers: [LAYER, blob("far away", mediaType)] });
    expect(view.blobs.map(({ mayBeAbsent }) => mayBeAbsent)).toEqual([false, false, true]);
  });

  test("may lack layers that have urls, not those whose list of urls is empty", () => {
    const layers = [
      { ...LAYER, urls: ["https://example.com/layer"] },
      { ...LAYER, urls: [] },
    ];
    expect(parse({ ...IMAGE, layers }).blobs.map(({ mayBeAbsent }) => mayBeAbsent)).toEqual([
      false,
      true,
      false,
    ]);
  });

  test("names its subject, of which nothing else is asked", () => {
    const subject = entry(image("other", []));
    expect(parse({ ...IMAGE, subject }).subject).toBe(subject.digest);
  });

  test("keeps its annotations", () => {
    const annotations = {
      "org.opencontainers.image.title": "a \u0000 \ud83d\ude00",
      "": "",
      __proto__x: "y",
    };
    expect(parse({ ...IMAGE, annotations }).annotations).toEqual(annotations);
  });

  test("may have fields that the registry knows nothing of", () => {
    expect(parse({ ...IMAGE, "com.example": { blobs: [1] }, variant: null }).blobs).toHaveLength(2);
  });
});

describe("an index", () => {
  test.each([OCI_INDEX, DOCKER_LIST])("of type %s has its children in order", (mediaType) => {
    const children = [
      entry(image("a", []), { platform: { os: "linux", architecture: "arm64" } }),
      entry(index([])),
    ];
    const view = parse({ ...INDEX, mediaType, manifests: children });
    expect(view).toMatchObject({ mediaType, blobs: [], subject: undefined, artifactType: undefined });
    expect(view.children.map(({ digest, size }) => ({ digest, size }))).toEqual(
      children.map(({ digest, size }) => ({ digest, size })),
    );
  });

  test("may list layers and a config: a BuildKit cache", () => {
    const manifests = [LAYER, blob("cache", "application/vnd.buildkit.cacheconfig.v0")];
    expect(parse({ ...INDEX, manifests }).children.map(({ mediaType }) => mediaType)).toEqual([
      OCI_LAYER,
      "application/vnd.buildkit.cacheconfig.v0",
    ]);
  });

  test("may be empty, and has subject, artifact type and annotations like an image", () => {
    const subject = entry(image("other", []));
    const annotations = { a: "b" };
    expect(parse({ ...INDEX, manifests: [], subject, artifactType: "x/y", annotations })).toMatchObject({
      ...{ children: [], subject: subject.digest, artifactType: "x/y", annotations },
    });
  });
});

describe("the media type", () => {
  const { mediaType: _, ...untyped } = IMAGE;

  test("is the request's when the body names none", () => {
    expect(parse(untyped, OCI_MANIFEST).mediaType).toBe(OCI_MANIFEST);
    expect(parse({ ...untyped, mediaType: "" }, OCI_MANIFEST).mediaType).toBe(OCI_MANIFEST);
  });

  const { mediaType: __, ...untypedIndex } = INDEX;
  test.each([
    [DOCKER_MANIFEST, undefined, untyped],
    [DOCKER_MANIFEST, null, untyped],
    [DOCKER_MANIFEST, "", untyped],
    [DOCKER_LIST, undefined, untypedIndex],
    [DOCKER_LIST, "", untypedIndex],
  ])("%s must be in the body as well, and is not as %j", (contentType, own, body) => {
    expect(refuse({ ...body, mediaType: own }, contentType)).toThrow(
      refusal("MANIFEST_INVALID", 400, `mediaType must be ${contentType}, as the Content-Type is`),
    );
  });

  test.each(["", "application/json", "application/octet-stream"])(
    "is the body's when the request says only %j",
    (contentType) => {
      expect(parse(IMAGE, contentType).mediaType).toBe(OCI_MANIFEST);
    },
  );

  test("must be named somewhere", () => {
    expect(refuse(untyped, "")).toThrow(
      refusal("MANIFEST_INVALID", 400, "neither Content-Type nor the field mediaType"),
    );
  });

  test.each([
    [OCI_MANIFEST, DOCKER_MANIFEST],
    [DOCKER_MANIFEST, OCI_MANIFEST],
    [OCI_MANIFEST, OCI_INDEX],
    [OCI_INDEX, OCI_MANIFEST],
  ])("%s of the body may not contradict the request's %s", (own, contentType) => {
    expect(refuse({ ...IMAGE, mediaType: own }, contentType)).toThrow(
      refusal("MANIFEST_INVALID", 400, `mediaType contradicts the Content-Type ${contentType}, not "${own}"`),
    );
  });

  test("of a request that is no manifest's is refused", () => {
    expect(refuse(untyped, "text/plain")).toThrow(
      refusal(
        "MANIFEST_INVALID",
        400,
        "Content-Type must be one of",
        OCI_MANIFEST,
        DOCKER_LIST,
        'not "text/plain"',
      ),
    );
  });

  test("of a body that is no manifest's is refused as the body's", () => {
    expect(refuse({ ...IMAGE, mediaType: OCI_CONFIG }, "")).toThrow(
      refusal("MANIFEST_INVALID", 400, /^mediaType must be one of/, `not "${OCI_CONFIG}"`),
    );
  });

  test.each(["constructor", "__proto__", "tostring"])("%s is no manifest's either", (contentType) => {
    expect(refuse(untyped, contentType)).toThrow(
      refusal("MANIFEST_INVALID", 400, /^Content-Type must be one of/, `not "${contentType}"`),
    );
  });

  test.each([[1], [{}], ["a\u0007b"], ["x".repeat(256)]])("%j is none at all", (own) => {
    expect(refuse({ ...IMAGE, mediaType: own }, OCI_MANIFEST)).toThrow(
      refusal("MANIFEST_INVALID", 400, "mediaType must be a string of at most 255 characters"),
    );
  });
});

describe("retired manifests are refused by name", () => {
  const schema1 = { schemaVersion: 1, name: "app", tag: "x", fsLayers: [], history: [], signatures: [] };

  test.each([
    "application/vnd.docker.distribution.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v1+prettyjws",
  ])("Docker schema 1: %s", (mediaType) => {
    expect(refuse(schema1, mediaType)).toThrow(
      refusal("MANIFEST_INVALID", 400, "Docker schema 1 is retired; push schema 2 or OCI", mediaType),
    );
  });

  test("Docker schema 1 under another type", () => {
    expect(refuse(schema1, DOCKER_MANIFEST)).toThrow(
      refusal("MANIFEST_INVALID", 400, "Docker schema 1 is retired", DOCKER_MANIFEST),
    );
  });

  test("the OCI artifact manifest", () => {
    const mediaType = "application/vnd.oci.artifact.manifest.v1+json";
    expect(refuse({ mediaType, artifactType: "x/y", blobs: [LAYER] })).toThrow(
      refusal("MANIFEST_INVALID", 400, "the OCI artifact manifest is retired", mediaType),
    );
  });
});

describe("a body that reads as image and as index", () => {
  test.each(["manifests", "fsLayers", "blobs"])("is no image when it has %s", (field) => {
    expect(refuse({ ...IMAGE, [field]: [] })).toThrow(
      refusal("MANIFEST_INVALID", 400, `the field ${field} does not belong into an image manifest`),
    );
  });

  test.each(["config", "layers", "fsLayers", "blobs"])("is no index when it has %s", (field) => {
    expect(refuse({ ...INDEX, [field]: IMAGE[field] ?? [] })).toThrow(
      refusal("MANIFEST_INVALID", 400, `the field ${field} does not belong into an index`),
    );
  });

  test.each(["Manifests", "MANIFESTS", "manifeſts", "FsLayers"])(
    "is refused for %s as well, which clients in Go read as the field",
    (field) => {
      expect(refuse({ ...IMAGE, [field]: [] })).toThrow(
        refusal("MANIFEST_INVALID", 400, `the field ${field} does not belong into an image manifest`),
      );
    },
  );

  test.each([
    ["Layers", { ...IMAGE, Layers: [CONFIG] }],
    ["MediaType", { ...IMAGE, MediaType: DOCKER_MANIFEST }],
    ["config.Digest", { ...IMAGE, config: { ...CONFIG, Digest: LAYER.digest } }],
    ["SUBJECT", { ...IMAGE, subject: LAYER, SUBJECT: CONFIG }],
  ])(
    "is refused where %s says again in another case what clients in Go take from the last of both",
    (member, body) => {
      expect(refuse(body)).toThrow(refusal("MANIFEST_INVALID", 400, `${member} must come once`));
    },
  );

  test("is refused for an empty field too", () => {
    expect(refuse({ ...IMAGE, manifests: null })).toThrow(refusal("MANIFEST_INVALID", 400, "manifests"));
  });
});

describe("fields", () => {
  test.each([undefined, 1.5, "2", 3, null])("schemaVersion %j is refused", (schemaVersion) => {
    expect(refuse({ ...IMAGE, schemaVersion })).toThrow(
      refusal(
        "MANIFEST_INVALID",
        400,
        `schemaVersion must be 2, not ${JSON.stringify(schemaVersion) ?? "absent"}`,
      ),
    );
  });

  test.each([
    ["no config", { config: undefined }, "config must be a descriptor, not absent"],
    ["a config that is a list", { config: [] }, "config must be a descriptor, not []"],
    ["a config that is null", { config: null }, "config must be a descriptor, not null"],
    ["no layers", { layers: undefined }, "layers must be an array of descriptors, not absent"],
    ["layers that are one layer", { layers: {} }, "layers must be an array of descriptors, not {}"],
    ["a layer that is a text", { layers: [LAYER, "x"] }, 'layers[1] must be a descriptor, not "x"'],
    [
      "a subject that is a digest",
      { subject: LAYER.digest },
      `subject must be a descriptor, not "${LAYER.digest}"`,
    ],
    ["an artifact type that is a number", { artifactType: 1 }, "artifactType must be a string"],
    [
      "an artifact type with a line break",
      { artifactType: "a\nb" },
      "artifactType must be a string of at most 255",
    ],
    [
      "annotations that are a list",
      { annotations: ["a"] },
      'annotations must be an object of strings, not ["a"]',
    ],
    [
      "an annotation that is a number",
      { annotations: { a: "b", c: 1 } },
      'annotations["c"] must be a string, not 1',
    ],
  ])("%s is refused", (_, fields, says) => {
    expect(refuse({ ...IMAGE, ...fields })).toThrow(refusal("MANIFEST_INVALID", 400, says));
  });

  const MISFITS: readonly (readonly [string, unknown, string])[] = [
    ["platform", "linux", 'platform must be an object, not "linux"'],
    ["platform", ["linux"], "platform must be an object"],
    ["platform", { os: 1 }, "platform.os must be a string, not 1"],
    ["platform", { architecture: [] }, "platform.architecture must be a string, not []"],
    ["platform", { variant: {} }, "platform.variant must be a string"],
    ["platform", { "os.version": 10 }, "platform.os.version must be a string"],
    ["platform", { "os.features": "win32k" }, "platform.os.features must be an array"],
    ["platform", { "os.features": ["a", 1] }, "platform.os.features[1] must be a string"],
    ["platform", { OS: true }, "platform.OS must be a string, not true"],
    ["Platform", "linux", "Platform must be an object"],
    ["annotations", [], "annotations must be an object, not []"],
    ["annotations", "a", "annotations must be an object"],
    ["annotations", { a: "b", c: { d: 1 } }, 'annotations["c"] must be a string'],
    ["artifactType", 7, "artifactType must be a string, not 7"],
    ["urls", "https://example.com", "urls must be an array"],
    ["urls", {}, "urls must be an array"],
    ["urls", ["https://example.com", 7], "urls[1] must be a string"],
    ["data", 7, "data must be a string of base64"],
    ["data", "not base64", "data must be a string of base64"],
    ["data", "YQ", "data must be a string of base64"],
    ["data", [256], "data must be a string of base64"],
    ["SIZE", "1", 'SIZE must be an integer, not "1"'],
    ["MediaType", 1, "MediaType must be a string"],
  ];

  describe.each([
    ["manifests[0]", (more: Body) => ({ ...INDEX, manifests: [{ ...LAYER, ...more }] })],
    ["config", (more: Body) => ({ ...IMAGE, config: { ...CONFIG, ...more } })],
    ["layers[1]", (more: Body) => ({ ...IMAGE, layers: [LAYER, { ...LAYER, ...more }] })],
    ["subject", (more: Body) => ({ ...INDEX, subject: { ...LAYER, ...more } })],
  ])("%s", (place, body) => {
    test.each(MISFITS)("with %s %j is refused: Go clients could not read it", (member, value, says) => {
      expect(refuse(body({ [member]: value }))).toThrow(refusal("MANIFEST_INVALID", 400, `${place}.${says}`));
    });

    test.each([
      ["platform", null],
      ["platform", { os: null, architecture: null, "os.features": null, more: 7 }],
      ["platform", { "os.features": [null] }],
      ["annotations", null],
      ["annotations", { a: null }],
      ["artifactType", null],
      ["urls", null],
      ["urls", []],
      ["data", null],
      ["data", ""],
      ["data", "YWI=\n"],
      ["data", [1, null, 255]],
      ["unknown", { platform: 7 }],
      ["constructor", 7],
      ["__proto__x", 7],
    ])("with %s %j is welcome, as Go's decoder takes it", (member, value) => {
      expect(() => parse(body({ [member]: value }))).not.toThrow();
    });
  });

  test("the features of a platform are a list in a Docker list alone", () => {
    const manifests = [{ ...LAYER, platform: { features: "sse4" } }];
    expect(() => parse({ ...INDEX, manifests })).not.toThrow();
    expect(refuse({ ...INDEX, mediaType: DOCKER_LIST, manifests })).toThrow(
      refusal("MANIFEST_INVALID", 400, "manifests[0].platform.features must be an array"),
    );
  });

  test("an annotation that is null is an empty one", () => {
    expect(parse({ ...IMAGE, annotations: { a: null, b: "c" } }).annotations).toEqual({ a: "", b: "c" });
  });

  test("an index without manifests is refused", () => {
    expect(refuse({ ...INDEX, manifests: undefined })).toThrow(
      refusal("MANIFEST_INVALID", 400, "manifests must be an array of descriptors, not absent"),
    );
  });

  test.each([
    ["mediaType", undefined, "layers[1].mediaType must be a string of 1 to 255 characters"],
    ["mediaType", "", "layers[1].mediaType must be a string of 1 to 255 characters"],
    ["mediaType", "x".repeat(256), "layers[1].mediaType must be a string of 1 to 255 characters"],
    ["mediaType", "a\r\nb", "layers[1].mediaType must be a string of 1 to 255 characters"],
    ["digest", undefined, "layers[1].digest must be a digest, not absent"],
    ["digest", 7, "layers[1].digest must be a digest, not 7"],
    ["size", undefined, "layers[1].size must be a non-negative integer, not absent"],
    ["size", -1, "layers[1].size must be a non-negative integer, not -1"],
    ["size", 1.5, "layers[1].size must be a non-negative integer, not 1.5"],
    ["size", "10", 'layers[1].size must be a non-negative integer, not "10"'],
    ["size", 2 ** 53, "layers[1].size must be a non-negative integer, not 9007199254740992"],
  ])("a layer's %s %j is refused", (field, value, says) => {
    expect(refuse({ ...IMAGE, layers: [LAYER, { ...LAYER, [field]: value }] })).toThrow(
      refusal("MANIFEST_INVALID", 400, says),
    );
  });

  const broken = { ...LAYER, digest: `md5:${"a".repeat(32)}` };
  test.each([
    ["config", { ...IMAGE, config: broken }],
    ["layers[1]", { ...IMAGE, layers: [LAYER, broken] }],
    ["subject", { ...IMAGE, subject: broken }],
    ["manifests[0]", { ...INDEX, manifests: [broken] }],
  ])("%s with a digest of an unknown algorithm is refused, by field and algorithm", (field, body) => {
    expect(refuse(body)).toThrow(
      refusal("DIGEST_INVALID", 400, `${field}.digest "${broken.digest}"`, "algorithm md5 is not supported"),
    );
  });

  test("a malformed digest is refused, by field and value", () => {
    expect(refuse({ ...IMAGE, layers: [{ ...LAYER, digest: "sha256:short" }] })).toThrow(
      refusal("DIGEST_INVALID", 400, 'layers[0].digest "sha256:short"', "sha256 needs 64"),
    );
  });

  test("what is refused is shown with at most 120 characters", () => {
    expect(refuse({ ...IMAGE, layers: "x".repeat(50_000) })).toThrow(
      refusal("MANIFEST_INVALID", 400, `not "${"x".repeat(119)}…`),
    );
  });
});

describe("the text", () => {
  test.each([
    ["no JSON", "{", "the body is not JSON"],
    ["nothing", "", "the body is not JSON"],
    ["a list", "[]", "a manifest is a JSON object"],
    ["null", "null", "a manifest is a JSON object"],
    ["a duplicate key", `{"schemaVersion":2,"schemaVersion":2}`, 'the key "schemaVersion" appears twice'],
    ["a depth bomb", "[".repeat(5000) + "]".repeat(5000), "nests deeper than 64 levels"],
  ])("%s is refused", (_, text, says) => {
    expect(() => parseManifest(Buffer.from(text), OCI_MANIFEST)).toThrow(
      refusal("MANIFEST_INVALID", 400, says),
    );
  });

  test("that is no UTF-8 is refused", () => {
    expect(() => parseManifest(Buffer.from([0xff]), OCI_MANIFEST)).toThrow(
      refusal("MANIFEST_INVALID", 400, "not valid UTF-8"),
    );
  });

  test("may have 4 MiB, and one byte more is 413", () => {
    const filled = (filler: string) => manifest({ ...IMAGE, filler }).bytes;
    const padded = filled("x".repeat(MANIFEST_SIZE_MAX - filled("").length));
    expect(padded).toHaveLength(4 * 1024 * 1024);
    expect(parseManifest(padded, OCI_MANIFEST).blobs).toHaveLength(2);
    expect(() => parseManifest(Buffer.concat([padded, Buffer.from(" ")]), OCI_MANIFEST)).toThrow(
      refusal("SIZE_INVALID", 413, "a manifest has at most 4194304 bytes"),
    );
  });
});

test("whatever the JSON, it is a view or a refusal with a reason", () => {
  const value = fc.jsonValue({ maxDepth: 2 });
  const digest = fc.constantFrom(LAYER.digest, "sha256:x", digestOfText("x", "sha512"));
  const descriptor = fc.oneof(
    value,
    fc.record({ mediaType: value, digest: fc.oneof(value, digest), size: value }),
  );
  const body = fc.record(
    {
      schemaVersion: fc.constantFrom(1, 2, "2"),
      mediaType: fc.oneof(value, fc.constantFrom(OCI_MANIFEST, OCI_INDEX)),
      config: fc.oneof(descriptor, fc.constant(CONFIG)),
      layers: fc.oneof(value, fc.array(descriptor)),
      manifests: fc.oneof(value, fc.array(descriptor)),
      subject: descriptor,
      annotations: value,
      artifactType: value,
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(
      body,
      fc.constantFrom("", OCI_MANIFEST, OCI_INDEX, DOCKER_LIST, "x"),
      (fields, contentType) => {
        try {
          const view = parse(fields, contentType);
          expect(view.blobs.length > 0).toBe([OCI_MANIFEST, DOCKER_MANIFEST].includes(view.mediaType));
        } catch (error) {
          expect(error).toMatchObject({
            name: "RegistryError",
            reason: expect.stringMatching(/_INVALID$|^MANIFEST_TYPE_MISSING$/),
            message: expect.stringMatching(/./),
          });
        }
      },
    ),
    { numRuns: 1000 },
  );
});
