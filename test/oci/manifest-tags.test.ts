import { afterAll, describe, expect, test } from "vitest";
import { startTestBerth } from "../support/berth.ts";
import { detailOf, exchange, expectAnswer } from "../support/exchange.ts";
import type { Manifest } from "../support/manifests.ts";
import {
  changeRepository,
  createRepository,
  imageOf,
  pushImage,
  pushManifest,
  putManifest,
} from "../support/push.ts";

const berth = await startTestBerth();
afterAll(() => berth.stop());

const REPOSITORY = "lib/app";
const one = await pushImage(berth, REPOSITORY, "v1", "one");
const two = await pushImage(berth, REPOSITORY, "v2", "two");

const pathOf = (reference: string, name = REPOSITORY): string => `/v2/${name}/manifests/${reference}`;
const get = (reference: string, name = REPOSITORY) => exchange(berth, { path: pathOf(reference, name) });
const remove = (reference: string, name = REPOSITORY) =>
  exchange(berth, { method: "DELETE", path: pathOf(reference, name) });

describe("tag parameters of a PUT by digest", () => {
  const putWithTags = (tags: readonly string[], reference: string = one.digest) =>
    putManifest(berth, REPOSITORY, one, `${reference}?${tags.map((tag) => `tag=${tag}`).join("&")}`);

  test.each([1, 10, 32])("%d of them all point at it, each said in OCI-Tag", async (count) => {
    const tags = Array.from({ length: count }, (_, at) => `many-${count}-${at}`);
    const answer = await putWithTags(tags);
    expectAnswer(answer, { status: 201, answers: { Location: pathOf(one.digest) } });
    expect(String(answer.headers["oci-tag"]).split(", ")).toEqual(tags);
    for (const tag of tags) expect((await get(tag)).headers["docker-content-digest"]).toBe(one.digest);
  });

  test("named twice are one", async () => {
    expectAnswer(await putWithTags(["twice", "twice"]), { status: 201, answers: { "OCI-Tag": "twice" } });
  });

  test("beyond the limit are 414, and none is set", async () => {
    const answer = await putWithTags(Array.from({ length: 33 }, (_, at) => `over-${at}`));
    expectAnswer(answer, { status: 414, code: "TAG_INVALID", says: "at most 32" });
    expectAnswer(await get("over-0"), { status: 404 });
  });

  test("of which one is invalid set none", async () => {
    expectAnswer(await putWithTags(["fine", "not%20fine"]), { status: 400, code: "TAG_INVALID" });
    expectAnswer(await get("fine"), { status: 404 });
  });

  test("of which one is immutable and taken set none", async () => {
    await pushImage(berth, "lib/immutable-many", "taken", "taken");
    const other = await pushImage(berth, "lib/immutable-many", "other", "other");
    await changeRepository(berth, "lib/immutable-many", { tagMutability: "IMMUTABLE" });
    const answer = await putManifest(
      berth,
      "lib/immutable-many",
      other,
      `${other.digest}?tag=a-new-one&tag=taken`,
    );
    expectAnswer(answer, { status: 400, code: "TAG_INVALID", says: "taken" });
    expectAnswer(await get("a-new-one", "lib/immutable-many"), { status: 404 });
  });

  test("do not go with a PUT by tag", async () => {
    expectAnswer(await putWithTags(["second"], "first"), { status: 400, code: "TAG_INVALID" });
    expectAnswer(await get("first"), { status: 404 });
  });
});

describe("a PUT of a tag on a condition", () => {
  const putIf = (tag: string, pushed: Manifest, headers: Readonly<Record<string, string>>) =>
    putManifest(berth, REPOSITORY, pushed, tag, headers);
  const failed = { status: 412, code: "PRECONDITION_FAILED" };

  test("If-Match holds while the tag is where the client saw it", async () => {
    await pushManifest(berth, REPOSITORY, one, "match");
    expectAnswer(await putIf("match", two, { "if-match": `"${two.digest}"` }), {
      ...failed,
      says: one.digest,
    });
    expectAnswer(await get("match"), { status: 200, content: one.bytes });
    expectAnswer(await putIf("match", two, { "if-match": `"${one.digest}"` }), { status: 201 });
    expectAnswer(await get("match"), { status: 200, content: two.bytes });
  });

  test("If-Match: * needs the tag to exist", async () => {
    expectAnswer(await putIf("match-any", one, { "if-match": "*" }), { ...failed, says: "does not exist" });
    await pushManifest(berth, REPOSITORY, one, "match-any");
    expectAnswer(await putIf("match-any", two, { "if-match": "*" }), { status: 201 });
  });

  test("If-None-Match: * needs the tag not to exist", async () => {
    expectAnswer(await putIf("first-only", one, { "if-none-match": "*" }), { status: 201 });
    expectAnswer(await putIf("first-only", two, { "if-none-match": "*" }), failed);
    expectAnswer(await get("first-only"), { status: 200, content: one.bytes });
  });

  test("If-None-Match names what the tag must not be", async () => {
    await pushManifest(berth, REPOSITORY, one, "not-that");
    expectAnswer(await putIf("not-that", two, { "if-none-match": `"${one.digest}"` }), failed);
    expectAnswer(await putIf("not-that", two, { "if-none-match": `"${two.digest}"` }), { status: 201 });
  });

  test("a failed condition stores no manifest either", async () => {
    const fresh = imageOf("one", { annotations: { never: "stored" } });
    expectAnswer(await putIf("first-only", fresh, { "if-match": '"x"' }), failed);
    expectAnswer(await get(fresh.digest), { status: 404 });
  });

  test("of many first pushes at once with If-None-Match: * one wins", async () => {
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, at) =>
        putIf("one-winner", at % 2 === 0 ? one : two, { "if-none-match": "*" }),
      ),
    );
    const statuses = answers.map(({ status }) => status);
    expect(statuses.toSorted()).toEqual([201, ...Array(7).fill(412)]);
  });
});

describe("an immutable tag", async () => {
  const NAME = "lib/immutable";
  await createRepository(berth, NAME, { tagMutability: "IMMUTABLE" });
  const first = await pushImage(berth, NAME, "1.0", "first");
  const second = await pushImage(berth, NAME, undefined, "second");

  test("takes the same manifest again", async () => {
    expectAnswer(await putManifest(berth, NAME, first, "1.0"), { status: 201 });
  });

  test("takes no other manifest", async () => {
    const refused = await putManifest(berth, NAME, second, "1.0");
    expectAnswer(refused, {
      status: 400,
      code: "TAG_INVALID",
      says: "The image tag '1.0' already exists in the 'lib/immutable' repository and cannot be overwritten because the tag is immutable.",
    });
    expect(detailOf(refused)).toEqual({ tag: "1.0", digest: first.digest });
    expectAnswer(await get("1.0", NAME), { status: 200, content: first.bytes });
  });

  test("may be deleted and then made anew", async () => {
    await pushManifest(berth, NAME, first, "2.0");
    expectAnswer(await remove("2.0", NAME), { status: 202 });
    expectAnswer(await putManifest(berth, NAME, second, "2.0"), { status: 201 });
  });

  test("of two first pushes at once has one winner", async () => {
    const answers = await Promise.all(
      [first, second, first, second].map((pushed) => putManifest(berth, NAME, pushed, "3.0")),
    );
    const winner = (await get("3.0", NAME)).headers["docker-content-digest"];
    expect(answers.map(({ status }) => status)).toEqual(
      [first, second, first, second].map(({ digest }) => (digest === winner ? 201 : 400)),
    );
  });

  test("moves again after the setting is taken back", async () => {
    await pushImage(berth, "lib/thawed", "1.0", "frozen");
    const thawed = await pushImage(berth, "lib/thawed", undefined, "thawed");
    await changeRepository(berth, "lib/thawed", { tagMutability: "IMMUTABLE" });
    expectAnswer(await putManifest(berth, "lib/thawed", thawed, "1.0"), { status: 400, code: "TAG_INVALID" });
    await changeRepository(berth, "lib/thawed", { tagMutability: "MUTABLE" });
    expectAnswer(await putManifest(berth, "lib/thawed", thawed, "1.0"), { status: 201 });
  });
});
