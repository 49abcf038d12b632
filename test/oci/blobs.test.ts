import { afterAll, describe, expect, test } from "vitest";
import { startTestBerth } from "../support/berth.ts";
import { exchange, expectAnswer, testExchanges } from "../support/exchange.ts";
import { digestOfText, image } from "../support/manifests.ts";
import { createRepository, pushBlob, pushManifest, putManifest } from "../support/push.ts";

const berth = await startTestBerth();
afterAll(() => berth.stop());

const CONTENT = "0123456789abcdefghijklmnopqrstuvwxyz";
const SIZE = CONTENT.length;
const digest = await pushBlob(berth, "lib/app", CONTENT);
const path = `/v2/lib/app/blobs/${digest}`;
const empty = await pushBlob(berth, "lib/app", "");
const wide = await pushBlob(berth, "lib/app", CONTENT, "sha512");
const ABSENT = digestOfText("pushed by nobody");
const facts = {
  "Content-Length": String(SIZE),
  "Content-Type": "application/octet-stream",
  "Docker-Content-Digest": digest,
  ETag: `"${digest}"`,
  "Accept-Ranges": "bytes",
};

describe("a blob", () => {
  testExchanges(berth, [
    { name: "GET brings its bytes", path, status: 200, answers: facts, content: CONTENT },
    { name: "HEAD brings its headers alone", method: "HEAD", path, status: 200, answers: facts },
    {
      name: "of no bytes is a blob too",
      path: `/v2/lib/app/blobs/${empty}`,
      status: 200,
      answers: { "Content-Length": "0", "Docker-Content-Digest": empty },
      content: "",
    },
    {
      name: "pushed as sha512 is found by that digest",
      path: `/v2/lib/app/blobs/${wide}`,
      status: 200,
      answers: { "Docker-Content-Digest": wide },
      content: CONTENT,
    },
    {
      name: "has a digest whose colon may be percent-encoded",
      path: `/v2/lib/app/blobs/${digest.replace(":", "%3A")}`,
      status: 200,
      content: CONTENT,
    },
    {
      name: "that nobody pushed is unknown",
      path: `/v2/lib/app/blobs/${ABSENT}`,
      status: 404,
      code: "BLOB_UNKNOWN",
      says: ABSENT,
    },
    {
      name: "that nobody pushed is unknown to HEAD, without a body",
      method: "HEAD",
      path: `/v2/lib/app/blobs/${ABSENT}`,
      status: 404,
    },
    {
      name: "of a repository that does not exist",
      path: `/v2/lib/nothing/blobs/${digest}`,
      status: 404,
      code: "NAME_UNKNOWN",
      says: "The repository with name 'lib/nothing' does not exist in the registry with id '000000000000'",
    },
  ]);

  test("belongs to the repository that it was pushed to, and to no other", async () => {
    await createRepository(berth, "lib/other");
    const answer = await exchange(berth, { path: `/v2/lib/other/blobs/${digest}` });
    expectAnswer(answer, { status: 404, code: "BLOB_UNKNOWN" });
  });

  test("is answered in full to many HEADs and GETs at once", async () => {
    const answers = await Promise.all(
      Array.from({ length: 60 }, (_, at) => exchange(berth, { method: at % 2 === 0 ? "GET" : "HEAD", path })),
    );
    for (const answer of answers) expect(answer.status).toBe(200);
  });
});

describe("a range of a blob", () => {
  const part = (range: string, first: number, last: number) => ({
    path,
    headers: { range },
    status: 206,
    answers: {
      "Content-Range": `bytes ${first}-${last}/${SIZE}`,
      "Content-Length": String(last - first + 1),
      "Docker-Content-Digest": digest,
    },
    content: CONTENT.slice(first, last + 1),
  });
  const whole = { path, status: 200, answers: { "Content-Range": null }, content: CONTENT };
  const unsatisfiable = {
    path,
    status: 416,
    code: "RANGE_INVALID",
    says: `${SIZE} bytes`,
    answers: { "Content-Range": `bytes */${SIZE}` },
  };
  testExchanges(berth, [
    { name: "from the first byte", ...part("bytes=0-9", 0, 9) },
    { name: "of one byte", ...part("bytes=5-5", 5, 5) },
    { name: "open at its end", ...part("bytes=30-", 30, 35) },
    { name: "open from the start", ...part("bytes=0-", 0, 35) },
    { name: "that ends beyond the blob", ...part("bytes=30-999", 30, 35) },
    { name: "of the last bytes", ...part("bytes=-6", 30, 35) },
    { name: "of more last bytes than there are", ...part("bytes=-999", 0, 35) },
    { name: "whose last byte comes before its first", ...unsatisfiable, headers: { range: "bytes=500-0" } },
    { name: "backwards within the blob", ...unsatisfiable, headers: { range: "bytes=9-3" } },
    { name: "past the end", ...unsatisfiable, headers: { range: `bytes=${SIZE}-` } },
    { name: "of no last bytes", ...unsatisfiable, headers: { range: "bytes=-0" } },
    {
      name: "of a blob without bytes",
      path: `/v2/lib/app/blobs/${empty}`,
      headers: { range: "bytes=0-" },
      status: 416,
      code: "RANGE_INVALID",
      answers: { "Content-Range": "bytes */0" },
    },
    { name: "of a HEAD: the whole", ...whole, content: "", method: "HEAD", headers: { range: "bytes=0-3" } },
    {
      name: "past the end, of a HEAD: the whole",
      ...{ ...whole, content: "", method: "HEAD", headers: { range: `bytes=${SIZE}-` } },
    },
    { name: "of several that make up one", ...part("bytes=4-5,0-3", 0, 5) },
    { name: "of several past the end", ...unsatisfiable, headers: { range: `bytes=${SIZE}-,99-100` } },
    {
      name: "of several whose If-Range names something else: the whole",
      ...whole,
      headers: { range: "bytes=0-1,4-5", "if-range": '"other"' },
    },
    {
      name: "of several, of a HEAD: the whole",
      ...{ ...whole, content: "", method: "HEAD", headers: { range: "bytes=0-1,4-5" } },
    },
    { name: "in another unit: the whole", ...whole, headers: { range: "lines=0-1" } },
    { name: "that is no range: the whole", ...whole, headers: { range: "bytes=a-b" } },
    {
      name: "while If-Range names the blob",
      ...part("bytes=0-9", 0, 9),
      headers: { range: "bytes=0-9", "if-range": `"${digest}"` },
    },
    {
      name: "whose If-Range names something else: the whole",
      ...whole,
      headers: { range: "bytes=0-9", "if-range": '"other"' },
    },
    {
      name: "with a weak If-Range: the whole",
      ...whole,
      headers: { range: "bytes=0-9", "if-range": `W/"${digest}"` },
    },
  ]);
});

describe("a conditional GET of a blob", () => {
  const unmodified = { path, status: 304, answers: { ETag: `"${digest}"` }, content: "" };
  testExchanges(berth, [
    { name: "with its ETag", ...unmodified, headers: { "if-none-match": `"${digest}"` } },
    { name: "with its ETag, weak", ...unmodified, headers: { "if-none-match": `W/"${digest}"` } },
    { name: "with its ETag among others", ...unmodified, headers: { "if-none-match": `"x", "${digest}"` } },
    { name: "with *", ...unmodified, headers: { "if-none-match": "*" } },
    { name: "by HEAD", ...unmodified, method: "HEAD", headers: { "if-none-match": `"${digest}"` } },
    {
      name: "with another ETag",
      path,
      headers: { "if-none-match": '"x"' },
      status: 200,
      content: CONTENT,
    },
    {
      name: "of a blob that is not there, with *",
      path: `/v2/lib/app/blobs/${ABSENT}`,
      headers: { "if-none-match": "*" },
      status: 404,
      code: "BLOB_UNKNOWN",
    },
  ]);
});

describe("DELETE of a blob", () => {
  test("takes it from the repository", async () => {
    const gone = await pushBlob(berth, "lib/deletes", "deleted");
    const target = `/v2/lib/deletes/blobs/${gone}`;
    expectAnswer(await exchange(berth, { method: "DELETE", path: target }), { status: 202 });
    expectAnswer(await exchange(berth, { path: target }), { status: 404, code: "BLOB_UNKNOWN" });
    expectAnswer(await exchange(berth, { method: "DELETE", path: target }), {
      status: 404,
      code: "BLOB_UNKNOWN",
    });
  });

  test("leaves the same blob of another repository", async () => {
    const shared = await pushBlob(berth, "lib/one", "in two repositories");
    await pushBlob(berth, "lib/two", "in two repositories");
    await exchange(berth, { method: "DELETE", path: `/v2/lib/one/blobs/${shared}` });
    expectAnswer(await exchange(berth, { path: `/v2/lib/two/blobs/${shared}` }), {
      status: 200,
      content: "in two repositories",
    });
  });

  test("that manifests reference is refused, naming every one, until they are gone", async () => {
    const config = await pushBlob(berth, "lib/held", "{}");
    const layer = await pushBlob(berth, "lib/held", "held layer");
    const first = await pushManifest(berth, "lib/held", image("{}", ["held layer"]));
    const second = await pushManifest(
      berth,
      "lib/held",
      image("{}", ["held layer"], { annotations: { n: "2" } }),
    );
    for (const held of [config, layer]) {
      const answer = await exchange(berth, { method: "DELETE", path: `/v2/lib/held/blobs/${held}` });
      expectAnswer(answer, { status: 405, code: "UNSUPPORTED", says: first.digest });
      expect(answer.body.toString()).toContain(second.digest);
    }
    for (const { digest: manifest } of [first, second]) {
      await exchange(berth, { method: "DELETE", path: `/v2/lib/held/manifests/${manifest}` });
    }
    const answer = await exchange(berth, { method: "DELETE", path: `/v2/lib/held/blobs/${layer}` });
    expectAnswer(answer, { status: 202 });
  });

  test("that more than 20 manifests reference names 20 of them", async () => {
    const path = `/v2/lib/much-held/blobs/${await pushBlob(berth, "lib/much-held", "{}")}`;
    const manifests = Array.from({ length: 21 }, (_, at) =>
      image("{}", [], { annotations: { n: String(at) } }),
    );
    for (const manifest of manifests) await pushManifest(berth, "lib/much-held", manifest);
    const answer = await exchange(berth, { method: "DELETE", path });
    expectAnswer(answer, { status: 405, code: "UNSUPPORTED" });
    const named = manifests.filter(({ digest }) => answer.body.toString().includes(digest));
    expect(named).toHaveLength(20);
  });

  test("that meets the PUT of a manifest that references it: one of them is refused", async () => {
    for (let round = 0; round < 12; round++) {
      const content = `met ${round}`;
      const met = await pushBlob(berth, "lib/meets", content);
      const [put, removed] = await Promise.all([
        putManifest(berth, "lib/meets", image(content, [])),
        exchange(berth, { method: "DELETE", path: `/v2/lib/meets/blobs/${met}` }),
      ]);
      expect([
        [201, 405],
        [404, 202],
      ]).toContainEqual([put.status, removed.status]);
    }
  });

  testExchanges(berth, [
    {
      name: "in a repository that does not exist",
      method: "DELETE",
      path: `/v2/lib/nothing/blobs/${digest}`,
      status: 404,
      code: "NAME_UNKNOWN",
    },
    {
      name: "by something that is no digest",
      method: "DELETE",
      path: "/v2/lib/app/blobs/latest",
      status: 400,
      code: "DIGEST_INVALID",
      says: "algorithm:hex",
    },
  ]);
});

describe("a digest that is none", () => {
  const row = (name: string, text: string, says: string | RegExp) => ({
    name,
    path: `/v2/lib/app/blobs/${text}`,
    status: 400,
    code: "DIGEST_INVALID",
    says,
  });
  testExchanges(berth, [
    row(
      "of an unknown algorithm",
      `md5:${"a".repeat(32)}`,
      "algorithm md5 is not supported; use sha256 or sha512",
    ),
    row("of an algorithm that nobody computes here", `blake3:${"a".repeat(64)}`, "blake3"),
    row("too short", `sha256:${"a".repeat(63)}`, "64 lower-case hexadecimal"),
    row("too long", `sha256:${"a".repeat(65)}`, "64 lower-case hexadecimal"),
    row("in upper case", `sha256:${"A".repeat(64)}`, "64 lower-case hexadecimal"),
    row("not hexadecimal", `sha256:${"g".repeat(64)}`, "64 lower-case hexadecimal"),
    row("of sha512 with the length of sha256", `sha512:${"a".repeat(64)}`, "128 lower-case hexadecimal"),
    row("without an algorithm", "latest", "algorithm:hex"),
  ]);
});
