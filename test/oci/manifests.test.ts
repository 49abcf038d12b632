import { afterAll, describe, expect, test } from "vitest";
import { startTestBerth } from "../support/berth.ts";
import { detailOf, exchange, expectAnswer, testExchanges } from "../support/exchange.ts";
import {
  blob,
  DOCKER_MANIFEST,
  digestOfText,
  entry,
  headersOf,
  index,
  manifest,
  OCI_MANIFEST,
} from "../support/manifests.ts";
import { configOf, imageOf, pushImage, pushManifest, putManifest } from "../support/push.ts";
import { hexOf, rowsOf } from "../support/rows.ts";

const berth = await startTestBerth();
afterAll(() => berth.stop());

const REPOSITORY = "lib/app";
const one = await pushImage(berth, REPOSITORY, "v1", "one");
const two = await pushImage(berth, REPOSITORY, "v2", "two");

const pathOf = (reference: string, name = REPOSITORY): string => `/v2/${name}/manifests/${reference}`;
const get = (reference: string, name = REPOSITORY) => exchange(berth, { path: pathOf(reference, name) });
const remove = (reference: string, name = REPOSITORY) =>
  exchange(berth, { method: "DELETE", path: pathOf(reference, name) });

describe("GET and HEAD of a manifest", () => {
  testExchanges(berth, [
    { name: "by tag", path: pathOf("v1"), status: 200, answers: headersOf(one), content: one.bytes },
    { name: "by digest", path: pathOf(one.digest), status: 200, answers: headersOf(one), content: one.bytes },
    { name: "HEAD by tag", method: "HEAD", path: pathOf("v1"), status: 200, answers: headersOf(one) },
    {
      name: "HEAD by digest",
      method: "HEAD",
      path: pathOf(one.digest),
      status: 200,
      answers: headersOf(one),
    },
    {
      name: "take the type that was pushed, whatever Accept asks for",
      path: pathOf("v1"),
      headers: { accept: DOCKER_MANIFEST },
      status: 200,
      answers: { "Content-Type": OCI_MANIFEST },
    },
    {
      name: "are never compressed",
      path: pathOf("v1"),
      headers: { "accept-encoding": "gzip, br" },
      status: 200,
      answers: { "Content-Encoding": null },
      content: one.bytes,
    },
    {
      name: "ignore a range, which containerd sends",
      path: pathOf("v1"),
      headers: { range: "bytes=0-" },
      status: 200,
      content: one.bytes,
    },
    {
      name: "of a tag that is not there",
      path: pathOf("v9"),
      status: 404,
      code: "MANIFEST_UNKNOWN",
      says: "v9",
    },
    { name: "HEAD of a tag that is not there", method: "HEAD", path: pathOf("v9"), status: 404 },
    {
      name: "of a digest that is not there",
      path: pathOf(digestOfText("nothing")),
      status: 404,
      code: "MANIFEST_UNKNOWN",
      says: "Requested image not found",
    },
    {
      name: "of a repository that is not there",
      path: pathOf("v1", "lib/nothing"),
      status: 404,
      code: "NAME_UNKNOWN",
    },
    {
      name: "of a blob, which is no manifest",
      path: pathOf(digestOfText(configOf("one"))),
      status: 404,
      code: "MANIFEST_UNKNOWN",
    },
    { name: "of a malformed digest", path: pathOf("sha256:abc"), status: 400, code: "DIGEST_INVALID" },
    {
      name: "of an unknown algorithm",
      path: pathOf("md5:abc"),
      status: 400,
      code: "DIGEST_INVALID",
      says: "md5",
    },
    {
      name: "of a tag that no tag can be",
      path: pathOf("-v1"),
      status: 400,
      code: "TAG_INVALID",
      says: "does not begin with '.' or '-'",
    },
    {
      name: "of a tag that is too long",
      path: pathOf("t".repeat(129)),
      status: 400,
      code: "TAG_INVALID",
      says: "1 to 128",
    },
    {
      name: "with their ETag",
      path: pathOf("v1"),
      headers: { "if-none-match": `"${one.digest}"` },
      status: 304,
      answers: { ETag: `"${one.digest}"`, "Docker-Content-Digest": one.digest },
      content: "",
    },
    { name: "with *", path: pathOf("v1"), headers: { "if-none-match": "*" }, status: 304, content: "" },
    {
      name: "HEAD with their ETag among others",
      method: "HEAD",
      path: pathOf(one.digest),
      headers: { "if-none-match": `"x", W/"${one.digest}"` },
      status: 304,
    },
    {
      name: "with the ETag of another manifest",
      path: pathOf("v1"),
      headers: { "if-none-match": `"${two.digest}"` },
      status: 200,
      content: one.bytes,
    },
  ]);

  test("follow a tag that moves at once", async () => {
    await pushManifest(berth, REPOSITORY, one, "moving");
    expectAnswer(await get("moving"), { status: 200, content: one.bytes });
    await pushManifest(berth, REPOSITORY, two, "moving");
    expectAnswer(await get("moving"), { status: 200, content: two.bytes });
  });
});

describe("PUT of a manifest", () => {
  test("by tag", async () => {
    const answer = await putManifest(berth, REPOSITORY, one, "put");
    expectAnswer(answer, {
      status: 201,
      answers: {
        Location: pathOf("put"),
        "Docker-Content-Digest": one.digest,
        ETag: `"${one.digest}"`,
        "OCI-Subject": null,
        "OCI-Tag": null,
      },
      content: "",
    });
  });

  test("by digest", async () => {
    const more = imageOf("one", { annotations: { by: "digest" } });
    const answer = await putManifest(berth, REPOSITORY, more);
    expectAnswer(answer, {
      status: 201,
      answers: { Location: pathOf(more.digest), "Docker-Content-Digest": more.digest },
    });
    expectAnswer(await get(more.digest), { status: 200, answers: headersOf(more), content: more.bytes });
  });

  test("by a sha512 digest keeps that digest", async () => {
    const { bytes, mediaType } = imageOf("one", { annotations: { by: "sha512" } });
    const digest = digestOfText(bytes.toString(), "sha512");
    expectAnswer(await putManifest(berth, REPOSITORY, { bytes, mediaType, digest }), {
      status: 201,
      answers: { "Docker-Content-Digest": digest },
    });
    expectAnswer(await get(digest), {
      status: 200,
      answers: headersOf({ bytes, mediaType, digest }),
      content: bytes,
    });
  });

  test("by a digest that the body does not have is refused", async () => {
    const answer = await putManifest(berth, REPOSITORY, one, two.digest);
    expectAnswer(answer, { status: 400, code: "DIGEST_INVALID", says: one.digest });
  });

  test("keeps the bytes as they came, odd spelling and all", async () => {
    const bytes = Buffer.from(
      `{ "layers" : [],\n\t"config": ${JSON.stringify(blob(configOf("one")))} ,"schemaVersion": 2.0e0, "x-own":"\\u00e4ä"}\r\n`,
    );
    const odd = { bytes, mediaType: OCI_MANIFEST, digest: digestOfText(bytes.toString()) };
    await pushManifest(berth, REPOSITORY, odd, "odd");
    expectAnswer(await get("odd"), { status: 200, answers: headersOf(odd), content: bytes });
  });

  test("again with the same bytes writes no history", async () => {
    await pushManifest(berth, REPOSITORY, one, "again");
    const before = await history("again");
    await pushManifest(berth, REPOSITORY, one, "again");
    expect(await history("again")).toEqual(before);
    expect(before).toHaveLength(1);
  });

  test("writes down every move of a tag, in order", async () => {
    for (const pushed of [one, two, one]) await pushManifest(berth, REPOSITORY, pushed, "history");
    await remove("history");
    const changes = await history("history");
    expect(changes.map(({ digest }) => digest)).toEqual([hex(one), hex(two), hex(one), null]);
    for (const { changed_by } of changes)
      expect(changed_by).toBe("arn:aws:iam::000000000000:user/administrator");
  });

  test("many times at once, of one tag, leaves one of them and the others in the history", async () => {
    const answers = await Promise.all(
      Array.from({ length: 12 }, (_, at) =>
        putManifest(berth, REPOSITORY, at % 2 === 0 ? one : two, "raced"),
      ),
    );
    for (const answer of answers) expectAnswer(answer, { status: 201 });
    const last = (await history("raced")).at(-1)?.digest;
    expect(hex({ digest: String((await get("raced")).headers["docker-content-digest"]) })).toBe(last);
  });

  test("of the same new manifest at once succeeds for everybody", async () => {
    const fresh = imageOf("one", { annotations: { pushed: "in parallel" } });
    const answers = await Promise.all(Array.from({ length: 8 }, () => putManifest(berth, REPOSITORY, fresh)));
    for (const answer of answers) expectAnswer(answer, { status: 201 });
  });

  test("of bytes that name no type is refused as Docker's, and a tag of them keeps its type", async () => {
    const body = { schemaVersion: 2, config: blob(configOf("one")), layers: [] };
    const asOci = await pushManifest(berth, REPOSITORY, manifest(body, OCI_MANIFEST), "untyped");
    const asDocker = { ...asOci, mediaType: DOCKER_MANIFEST };
    expectAnswer(await putManifest(berth, REPOSITORY, asDocker), {
      ...{ status: 400, code: "MANIFEST_INVALID", says: `mediaType must be ${DOCKER_MANIFEST}` },
    });
    expectAnswer(await get("untyped"), { status: 200, answers: { "Content-Type": OCI_MANIFEST } });
  });

  test("keeps the type that the manifest came with first, from times when the same bytes could have two", async () => {
    const body = {
      schemaVersion: 2,
      config: blob(configOf("one")),
      layers: [],
      annotations: { first: "Docker" },
    };
    const pushed = await pushManifest(berth, REPOSITORY, manifest(body, OCI_MANIFEST), "first");
    const text = `UPDATE manifests SET media_type = $2 WHERE encode(digest, 'hex') = $1`;
    await rowsOf(berth, text, [hexOf(pushed.digest), DOCKER_MANIFEST]);
    for (const reference of [pushed.digest, "first", "second"]) {
      await pushManifest(berth, REPOSITORY, pushed, reference);
      expectAnswer(await get("first"), { status: 200, answers: { "Content-Type": DOCKER_MANIFEST } });
    }
  });
});

describe("DELETE of a manifest", () => {
  test("by tag removes the tag alone, with history", async () => {
    await pushManifest(berth, REPOSITORY, one, "untagged");
    expectAnswer(await remove("untagged"), { status: 202, content: "" });
    expectAnswer(await get("untagged"), { status: 404, code: "MANIFEST_UNKNOWN" });
    expectAnswer(await get(one.digest), { status: 200 });
    expect((await history("untagged")).map(({ digest }) => digest)).toEqual([hex(one), null]);
  });

  test("by digest removes it with all of its tags, with history", async () => {
    const gone = await pushImage(berth, REPOSITORY, "gone-1", "gone");
    await pushManifest(berth, REPOSITORY, gone, "gone-2");
    expectAnswer(await remove(gone.digest), { status: 202, content: "" });
    for (const reference of ["gone-1", "gone-2", gone.digest]) {
      expectAnswer(await get(reference), { status: 404, code: "MANIFEST_UNKNOWN" });
    }
    for (const tag of ["gone-1", "gone-2"]) {
      expect((await history(tag)).map(({ digest }) => digest)).toEqual([hex(gone), null]);
    }
    expectAnswer(await putManifest(berth, REPOSITORY, gone, "gone-1"), { status: 201 });
  });

  test("that an index lists is refused, naming every index, until they are gone", async () => {
    const child = await pushImage(berth, "lib/listed", undefined, "child");
    const parents = [index([entry(child)]), index([entry(child)], { annotations: { second: "parent" } })];
    for (const parent of parents) await pushManifest(berth, "lib/listed", parent);
    const refused = await remove(child.digest, "lib/listed");
    expectAnswer(refused, {
      status: 405,
      code: "UNSUPPORTED",
      says: /^Requested image referenced by manifest list: \[sha256:/,
    });
    expect(detailOf(refused)).toEqual({
      digest: child.digest,
      listedBy: expect.arrayContaining(parents.map(({ digest }) => digest)),
    });
    for (const parent of parents) expectAnswer(await remove(parent.digest, "lib/listed"), { status: 202 });
    expectAnswer(await remove(child.digest, "lib/listed"), { status: 202 });
  });

  test("that meets the PUT of an index that lists it: one of them is refused", async () => {
    for (let round = 0; round < 12; round++) {
      const child = await pushImage(berth, "lib/meets", "child", `met ${round}`);
      const [put, removed] = await Promise.all([
        putManifest(berth, "lib/meets", index([entry(child)])),
        remove(child.digest, "lib/meets"),
      ]);
      expect([
        [201, 405],
        [404, 202],
      ]).toContainEqual([put.status, removed.status]);
    }
  });

  test("that meets a PUT that tags it succeeds, and no tag is left that points nowhere", async () => {
    for (let round = 0; round < 12; round++) {
      const image = await pushImage(berth, "lib/meets", undefined, `tagged ${round}`);
      const [put, removed] = await Promise.all([
        putManifest(berth, "lib/meets", image, "meets"),
        remove(image.digest, "lib/meets"),
      ]);
      expect([put.status, removed.status]).toEqual([201, 202]);
      const [found, tagged] = [await get(image.digest, "lib/meets"), await get("meets", "lib/meets")];
      expect(tagged.status).toBe(found.status);
    }
  });

  test("of an index that another index lists is refused, and untagging it is not", async () => {
    const child = await pushImage(berth, "lib/nested", "child", "nested child");
    const inner = await pushManifest(berth, "lib/nested", index([entry(child)]), "inner");
    await pushManifest(berth, "lib/nested", index([entry(inner)]), "outer");
    expectAnswer(await remove(inner.digest, "lib/nested"), { status: 405, code: "UNSUPPORTED" });
    expectAnswer(await get("inner", "lib/nested"), { status: 200 });
    expectAnswer(await remove("inner", "lib/nested"), { status: 202 });
  });

  test("that others name as their subject succeeds, and they stay", async () => {
    const subject = await pushImage(berth, "lib/subject", undefined, "subject");
    const signature = await pushManifest(
      berth,
      "lib/subject",
      imageOf("subject", { subject: entry(subject) }),
    );
    expectAnswer(await remove(subject.digest, "lib/subject"), { status: 202 });
    expectAnswer(await get(signature.digest, "lib/subject"), { status: 200 });
  });

  testExchanges(berth, [
    {
      name: "by a tag that is not there",
      method: "DELETE",
      path: pathOf("v9"),
      status: 404,
      code: "MANIFEST_UNKNOWN",
    },
    {
      name: "by a digest that is not there",
      method: "DELETE",
      path: pathOf(digestOfText("nothing")),
      status: 404,
      code: "MANIFEST_UNKNOWN",
    },
    {
      name: "in a repository that is not there",
      method: "DELETE",
      path: pathOf("v1", "lib/nothing"),
      status: 404,
      code: "NAME_UNKNOWN",
    },
  ]);
});

interface Change {
  readonly digest: string | null;
  readonly changed_by: string;
}

/** The history of a tag of {@link REPOSITORY}, oldest first. */
function history(tag: string): Promise<readonly Change[]> {
  return rowsOf<Change>(
    berth,
    `SELECT encode(h.digest, 'hex') AS digest, h.changed_by FROM tag_history h
      JOIN repositories r ON r.id = h.repository_id WHERE r.name = $1 AND h.name = $2 ORDER BY h.revision`,
    [REPOSITORY, tag],
  );
}

function hex({ digest }: { readonly digest: string }): string {
  return `01${digest.slice("sha256:".length)}`;
}
