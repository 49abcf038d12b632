import { afterAll, afterEach, describe, expect, test } from "vitest";
import { startTestBerth } from "../support/berth.ts";
import { type Answer, exchange, expectAnswer } from "../support/exchange.ts";
import {
  blob,
  digestOfText,
  FOREIGN_LAYER,
  image,
  index,
  manifest,
  OCI_CONFIG,
  OCI_INDEX,
  OCI_LAYER,
  OCI_MANIFEST,
} from "../support/manifests.ts";
import { createRepository, pushBlob, pushManifest, putManifest } from "../support/push.ts";
import { rowsOf } from "../support/rows.ts";
import { expectHealthy } from "./health.ts";

const berth = await startTestBerth();
afterAll(() => berth.stop());
afterEach(() => expectHealthy(berth));

const NAME = "hostile/manifests";
const CONFIG = "{}";
await pushBlob(berth, NAME, CONFIG);
await createRepository(berth, "hostile/sparse", { sparse: true });

const put = (
  body: string | Buffer,
  contentType = OCI_MANIFEST,
  name = NAME,
  reference = "v1",
): Promise<Answer> =>
  exchange(berth, {
    method: "PUT",
    path: `/v2/${name}/manifests/${reference}`,
    headers: contentType === "" ? {} : { "content-type": contentType },
    body,
  });

/** An answer within a second, whatever is asked. */
async function soon(asking: Promise<Answer>): Promise<Answer> {
  const started = performance.now();
  const answer = await asking;
  expect(performance.now() - started).toBeLessThan(5_000);
  return answer;
}

const whole = (fields: Readonly<Record<string, unknown>>): string =>
  JSON.stringify({
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    config: blob(CONFIG, OCI_CONFIG),
    layers: [],
    ...fields,
  });

/** Text put into an otherwise good manifest, as it is. */
const around = (text: string): string => `${whole({}).slice(0, -1)},${text}}`;

const MIB = 1024 * 1024;
const fill = (piece: string, size = 4 * MIB): string => piece.repeat(Math.floor(size / piece.length));

describe("a manifest that is", () => {
  test.each([
    ["4 MiB of [", fill("["), "levels"],
    ["2 MiB of [ and ]", fill("[", 2 * MIB) + fill("]", 2 * MIB), "levels"],
    ['4 MiB of {"a":', fill('{"a":'), "levels"],
    ["4 MiB of {},", around(`"x":[${fill("{},", 4 * MIB - 1000)}0]`), "objects and arrays"],
    ["4 MiB of numbers", around(`"x":[${fill("0,", 4 * MIB - 1000)}0]`), "members"],
    [
      "a hundred thousand annotations",
      whole({ annotations: Object.fromEntries(Array.from({ length: 100_000 }, (_, at) => [`${at}`, ""])) }),
      "members",
    ],
    ["deep objects", `${fill('{"a":', MIB)}1${fill("}", MIB / 5)}`, "levels"],
    ["deep in a good one", around(`"x":${"[".repeat(100)}${"]".repeat(100)}`), "levels"],
    ["4 MiB of quotes", fill('"'), "not JSON"],
    ["4 MiB of backslashes", `"${fill("\\", 4 * MIB - 2)}`, "not JSON"],
    ["4 MiB of blanks", fill(" "), "bytes outside of texts"],
    ["a number of 4 MiB", fill("9"), "bytes outside of texts"],
    ["nothing", "", "not JSON"],
    ["NUL", "\0", "not JSON"],
    ["null", "null", "object"],
    ["a list", "[]", "object"],
    ["a text", '"manifest"', "object"],
    ["two values", `${whole({})}{}`, "not JSON"],
    ["followed by NUL", `${whole({})}\0`, "not JSON"],
    ["UTF-16", Buffer.from(whole({}), "utf16le"), ""],
    ["with a byte order mark", `\ufeff${whole({})}`, ""],
    [
      "invalid UTF-8",
      Buffer.concat([Buffer.from('{"a":"'), Buffer.from([0xff, 0xfe]), Buffer.from('"}')]),
      "UTF-8",
    ],
    [
      "overlong UTF-8",
      Buffer.concat([Buffer.from('{"a":"'), Buffer.from([0xc0, 0xae]), Buffer.from('"}')]),
      "UTF-8",
    ],
    ["with a key twice", around('"config":1'), "twice"],
    ["with a key twice, spelled differently", around('"\\u0063onfig":1'), "twice"],
    ["with __proto__ twice", around('"__proto__":1,"__proto__":2'), "twice"],
    ["with a comment", `/* */${whole({})}`, "not JSON"],
    ["with NaN", around('"x":NaN'), "not JSON"],
    ["of a schema version beyond numbers", whole({}).replace(":2,", ":1e999,"), "schemaVersion"],
    ["of a schema version as text", whole({ schemaVersion: "2" }), "schemaVersion"],
    ["of a schema version that is nearly 2", whole({}).replace(":2,", ":2.0000000001,"), "schemaVersion"],
  ])("%s is refused", async (_, body, says) => {
    const answer = await soon(put(body));
    expectAnswer(answer, { status: 400, code: "MANIFEST_INVALID" });
    expect(answer.body.toString()).toContain(says);
    expect(answer.body.length).toBeLessThan(2_000);
  });

  test.each([
    ["__proto__", around('"__proto__":{"layers":[],"config":null}')],
    ["constructor and prototype", around('"constructor":{"prototype":{"x":1}}')],
    ["a lone surrogate", around('"x":"\\ud800"')],
    ["NUL in a text that nobody reads", around('"x":"\\u0000"')],
    ["a huge number that nobody reads", around(`"x":${"9".repeat(10_000)}`)],
    ["annotations with NUL", whole({ annotations: { "a\0b": "c\0d" } })],
    ["annotations with a lone surrogate", around('"annotations":{"a":"\\udfff\\ud800"}')],
    [
      "annotations named __proto__",
      around('"annotations":{"__proto__":"x","constructor":"y","toString":"z"}'),
    ],
    ["annotations with CR and LF", whole({ annotations: { a: "b\r\nX-Evil: 1" } })],
    ["an artifact type beyond ASCII", whole({ artifactType: "typ/ü\u{1f600}" })],
    ["an artifact type of a lone surrogate", around('"artifactType":"\\ud800"')],
    [
      "ten thousand annotations",
      whole({ annotations: Object.fromEntries(Array.from({ length: 10_000 }, (_, at) => [`${at}`, ""])) }),
    ],
  ])("good but for %s is kept as it is", async (_, body) => {
    const subject = digestOfText("nobody");
    const own = body.replace(
      /}$/,
      `,"subject":${JSON.stringify({ mediaType: OCI_MANIFEST, digest: subject, size: 1 })}}`,
    );
    expectAnswer(await soon(put(own)), { status: 201 });
    expectAnswer(await exchange(berth, { path: `/v2/${NAME}/manifests/v1` }), { status: 200, content: own });
    expectAnswer(await soon(exchange(berth, { path: `/v2/${NAME}/referrers/${subject}` })), { status: 200 });
    await exchange(berth, { method: "DELETE", path: `/v2/${NAME}/manifests/${digestOfText(own)}` });
  });
});

describe("a descriptor with", () => {
  const layer = (fields: Readonly<Record<string, unknown>>): string =>
    whole({ layers: [{ ...blob(CONFIG), ...fields }] });
  test.each([
    ["a negative size", layer({ size: -1 })],
    ["a size beyond numbers", layer({ size: 1 }).replace('"size":1', '"size":1e999')],
    ["a size that overflows", layer({ size: 1 }).replace('"size":1', '"size":18446744073709551616')],
    ["a size that is no integer", layer({ size: 0.5 })],
    ["a size as text", layer({ size: "2" })],
    ["a media type with CR and LF", layer({ mediaType: "a/b\r\nX-Evil: 1" })],
    ["a media type with NUL", layer({ mediaType: "a/b\0" })],
    ["an endless media type", layer({ mediaType: "a".repeat(MIB) })],
    ["no media type", layer({ mediaType: undefined })],
    ["null", whole({ layers: [null] })],
    ["a list", whole({ layers: [[]] })],
    ["a digest in capitals", layer({ digest: digestOfText(CONFIG).toUpperCase() })],
    ["a digest that is too short", layer({ digest: "sha256:00" })],
    ["a digest that is too long", layer({ digest: `${digestOfText(CONFIG)}00` })],
    ["a digest of 4 MiB", layer({ digest: `sha256:${fill("0", 3 * MIB)}` })],
    ["a digest with NUL", layer({ digest: `${digestOfText(CONFIG).slice(0, -1)}\0` })],
    ["a path as digest", layer({ digest: "sha256:../../../../etc/passwd" })],
    ["an unknown algorithm", layer({ digest: `__proto__:${"0".repeat(64)}` })],
    ["a number as digest", layer({ digest: 1 })],
    ["an object as digest", layer({ digest: { toString: "x" } })],
    ["layers that are an object", whole({ layers: { length: 1e9 } })],
    ["annotations that are a list", whole({ annotations: ["a"] })],
    ["annotations that are numbers", whole({ annotations: { a: 1 } })],
    ["a subject that is text", whole({ subject: "x" })],
    ["an artifact type with CR and LF", whole({ artifactType: "a\r\nb" })],
    ["an artifact type that is an object", whole({ artifactType: {} })],
  ])("%s is refused", async (_, body) => {
    const answer = await soon(put(body));
    expect(answer.status, answer.body.toString()).toBe(400);
    expect(answer.body.length).toBeLessThan(2_000);
  });
});

describe("a Content-Type of", () => {
  test.each([
    "constructor",
    "__proto__",
    "tostring",
    "text/html",
    "a".repeat(20_000),
    ";",
    "application/json;".repeat(1000),
    "\xff",
    "*/*",
  ])("%s is refused", async (type) => {
    const body = JSON.stringify({ schemaVersion: 2, config: blob(CONFIG, OCI_CONFIG), layers: [] });
    const answer = await put(body, type);
    expectAnswer(answer, { status: 400, code: "MANIFEST_INVALID" });
    expect(answer.body.toString()).not.toContain("native code");
  });

  test("nothing, where the body says toString", async () => {
    for (const own of ["toString", "constructor", "__proto__", "hasOwnProperty"]) {
      const answer = await put(whole({ mediaType: own }), "");
      expectAnswer(answer, { status: 400, code: "MANIFEST_INVALID" });
      expect(answer.body.toString()).not.toContain("native code");
    }
  });
});

describe("a manifest that names", () => {
  /** Objects and arrays of a manifest, less what is around its layers. */
  const AT_MOST = 5_000 - 3;

  const many = (type: string, count: number): string =>
    whole({
      layers: Array.from({ length: count }, (_, at) => ({
        mediaType: type,
        digest: digestOfText(`${at}`),
        size: 1,
      })),
    });

  test("a hundred thousand layers is 413", async () => {
    expectAnswer(await soon(put(many("a/b", 100_000))), { status: 413, code: "SIZE_INVALID" });
  });

  test("one layer more than are allowed is refused", async () => {
    const answer = await soon(put(many("a/b", AT_MOST + 1)));
    expectAnswer(answer, { status: 400, code: "MANIFEST_INVALID" });
    expect(answer.body.toString()).toContain("more than 5000 objects and arrays");
  });

  test("as many absent layers as fit is refused, soon, and logged in a line", async () => {
    const answer = await soon(put(many("a/b", AT_MOST)));
    expectAnswer(answer, { status: 404, code: "MANIFEST_BLOB_UNKNOWN" });
    expect(JSON.parse(answer.body.toString()).errors[0].message.length).toBeLessThan(10_000);
    for (const line of berth.log) expect(JSON.stringify(line).length).toBeLessThan(20_000);
  });

  test("the same layer as often as fits is taken, soon", async () => {
    const layers = Array.from({ length: AT_MOST }, () => blob(CONFIG, "a/b"));
    expectAnswer(await soon(put(whole({ layers }), OCI_MANIFEST, NAME, "same")), { status: 201 });
    expectAnswer(
      await soon(
        exchange(berth, {
          method: "DELETE",
          path: `/v2/${NAME}/manifests/${digestOfText(whole({ layers }))}`,
        }),
      ),
      { status: 202 },
    );
  });

  // Each absent digest is a lock in the database, of which there are a few thousand for everybody.
  test.each([
    ["foreign layers", FOREIGN_LAYER, NAME],
    ["absent layers in a sparse repository", OCI_LAYER, "hostile/sparse"],
  ])(
    "as many %s as fit is taken, soon, several at once, and others are served meanwhile",
    async (_, type, name) => {
      await pushBlob(berth, name, CONFIG);
      const body = many(type, AT_MOST);
      const pushes = ["a", "b", "c"].map((tag) =>
        put(`${body.slice(0, -1)},"x":"${tag}"}`, OCI_MANIFEST, name, tag),
      );
      const others = Array.from({ length: 10 }, (_, at) => pushBlob(berth, `${name}/other`, `${type} ${at}`));
      for (const answer of await Promise.all(pushes)) expectAnswer(answer, { status: 201 });
      await Promise.all(others);
      // A push of what they wait for binds all of them.
      const layer = digestOfText("7");
      await pushBlob(berth, name, "7");
      const text = "SELECT count(*) FROM manifest_blobs WHERE blob_id IS NULL AND encode(digest, 'hex') = $1";
      expect(await rowsOf(berth, text, [`01${layer.slice(7)}`])).toEqual([{ count: 0 }]);
    },
  );

  test("itself as subject, or lists itself, is refused: a digest cannot be known before", async () => {
    const guess = digestOfText("a guess");
    const own = { mediaType: OCI_INDEX, digest: guess, size: 1 };
    const selves = [
      index([], { subject: own }),
      index([own]),
      manifest({ ...JSON.parse(whole({})), subject: own }),
    ];
    for (const self of selves) {
      expectAnswer(await putManifest(berth, NAME, self, guess), { status: 400, code: "DIGEST_INVALID" });
    }
  });

  test("each other as subjects are both kept, and listed once", async () => {
    const subject = digestOfText("not there");
    const one = await pushManifest(
      berth,
      NAME,
      image(CONFIG, [], { subject: { mediaType: OCI_MANIFEST, digest: subject, size: 1 } }),
    );
    const two = await pushManifest(
      berth,
      NAME,
      image(CONFIG, [], { subject: { mediaType: OCI_MANIFEST, digest: one.digest, size: 1 } }),
    );
    const answer = await exchange(berth, { path: `/v2/${NAME}/referrers/${one.digest}` });
    expect(
      JSON.parse(answer.body.toString()).manifests.map(({ digest }: { digest: string }) => digest),
    ).toEqual([two.digest]);
  });
});
