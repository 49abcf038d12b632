import { afterAll, describe, expect, test } from "vitest";
import { startTestBerth } from "../support/berth.ts";
import { type Answer, exchange, expectAnswer, testExchanges } from "../support/exchange.ts";
import {
  digestOfText,
  entry,
  image,
  index,
  type Manifest,
  OCI_CONFIG,
  OCI_INDEX,
} from "../support/manifests.ts";
import { followPages, nextPage } from "../support/pages.ts";
import { createRepository, pushBlob, pushImage, pushManifest, putManifest } from "../support/push.ts";

const berth = await startTestBerth();
afterAll(() => berth.stop());

const NAME = "lib/app";
const SBOM = "application/spdx+json";
const subject = await pushImage(berth, NAME, "v1", "subject");
await pushBlob(berth, NAME, "{}");

const signature = image("{}", [], { subject: entry(subject), artifactType: "application/x-signature" });
const sbom = image("{}", [], {
  subject: entry(subject),
  artifactType: SBOM,
  annotations: { "org.opencontainers.image.created": "2030", ä: "ö" },
});
const plain = image("{}", [], { subject: entry(subject) });
const list = index([], { subject: entry(subject), artifactType: SBOM });
const untyped = index([], { subject: entry(subject) });
for (const referrer of [signature, sbom, plain, list, untyped]) await pushManifest(berth, NAME, referrer);

const pathOf = (digest: string, query = "", name = NAME): string => `/v2/${name}/referrers/${digest}${query}`;
const manifestsIn = (answer: Answer): { digest: string }[] => JSON.parse(answer.body.toString()).manifests;
const indexOf = (...manifests: object[]) => ({ schemaVersion: 2, mediaType: OCI_INDEX, manifests });
const described = {
  signature: entry(signature, { artifactType: "application/x-signature" }),
  sbom: entry(sbom, {
    artifactType: SBOM,
    annotations: { "org.opencontainers.image.created": "2030", ä: "ö" },
  }),
  plain: entry(plain, { artifactType: OCI_CONFIG }),
  list: entry(list, { artifactType: SBOM }),
  untyped: entry(untyped),
};
const facts = { "Content-Type": OCI_INDEX, Link: null };

describe("referrers", () => {
  testExchanges(berth, [
    {
      name: "are an index of what names the subject, oldest first, with type and annotations",
      path: pathOf(subject.digest),
      status: 200,
      answers: { ...facts, "OCI-Filters-Applied": null },
      json: indexOf(...Object.values(described)),
    },
    {
      name: "of a type whose plus sign comes as it is",
      path: pathOf(subject.digest, `?artifactType=${SBOM}`),
      status: 200,
      answers: { "OCI-Filters-Applied": "artifactType" },
      json: indexOf(described.sbom, described.list),
    },
    { name: "HEAD has no body", method: "HEAD", path: pathOf(subject.digest), status: 200, answers: facts },
    {
      name: "filtered by type, which is said",
      path: pathOf(subject.digest, `?artifactType=${encodeURIComponent(SBOM)}`),
      status: 200,
      answers: { ...facts, "OCI-Filters-Applied": "artifactType" },
      json: indexOf(described.sbom, described.list),
    },
    {
      name: "filtered by the type of the config, where there is no artifactType",
      path: pathOf(subject.digest, `?artifactType=${encodeURIComponent(OCI_CONFIG)}`),
      status: 200,
      answers: { "OCI-Filters-Applied": "artifactType" },
      json: indexOf(described.plain),
    },
    {
      name: "filtered by a type that none has",
      path: pathOf(subject.digest, "?artifactType=x/y"),
      status: 200,
      answers: { ...facts, "OCI-Filters-Applied": "artifactType" },
      json: indexOf(),
    },
    {
      name: "with an empty filter are not filtered",
      path: pathOf(subject.digest, "?artifactType="),
      status: 200,
      answers: { "OCI-Filters-Applied": null },
      json: indexOf(...Object.values(described)),
    },
    {
      name: "of a digest that nobody knows are an empty index",
      path: pathOf(digestOfText("nobody")),
      status: 200,
      answers: facts,
      json: indexOf(),
    },
    {
      name: "of a repository that does not exist are an empty index",
      path: pathOf(subject.digest, "", "lib/nothing"),
      status: 200,
      answers: facts,
      json: indexOf(),
    },
    {
      name: "of something that is no digest",
      path: pathOf("v1"),
      status: 400,
      code: "DIGEST_INVALID",
      says: "algorithm:hex",
    },
    {
      name: "n=0 is empty, without a link",
      path: pathOf(subject.digest, "?n=0"),
      status: 200,
      answers: facts,
      json: indexOf(),
    },
    {
      name: "bad n",
      path: pathOf(subject.digest, "?n=x"),
      status: 400,
      code: "PAGINATION_NUMBER_INVALID",
    },
  ]);

  test("are named by OCI-Subject when they are pushed, for a subject that is missing too", async () => {
    expectAnswer(await putManifest(berth, NAME, signature), {
      status: 201,
      answers: { "OCI-Subject": subject.digest },
    });
    const missing = digestOfText("pushed by nobody");
    const early = image("{}", [], { subject: { ...entry(subject), digest: missing } });
    expectAnswer(await putManifest(berth, NAME, early), { status: 201, answers: { "OCI-Subject": missing } });
    expect(manifestsIn(await exchange(berth, { path: pathOf(missing) }))).toMatchObject([
      { digest: early.digest },
    ]);
  });

  test("of a sha512 subject", async () => {
    const wide = digestOfText("a wide subject", "sha512");
    const referrer = image("{}", [], { subject: { ...entry(subject), digest: wide } });
    await pushManifest(berth, NAME, referrer);
    expect(manifestsIn(await exchange(berth, { path: pathOf(wide) }))).toMatchObject([
      { digest: referrer.digest },
    ]);
  });

  test("do not reach into other repositories", async () => {
    await createRepository(berth, "lib/other");
    expectAnswer(await exchange(berth, { path: pathOf(subject.digest, "", "lib/other") }), {
      status: 200,
      json: indexOf(),
    });
  });

  test("that are deleted are listed no more", async () => {
    const target = digestOfText("subject of deletions");
    const gone = image("{}", [], { subject: { ...entry(subject), digest: target } });
    await pushManifest(berth, NAME, gone);
    await exchange(berth, { method: "DELETE", path: `/v2/${NAME}/manifests/${gone.digest}` });
    expectAnswer(await exchange(berth, { path: pathOf(target) }), { status: 200, json: indexOf() });
  });

  test.each([1, 2, 4])("in pages of %d come once each, filter and all", async (n) => {
    const all = await followPages(berth, pathOf(subject.digest, `?n=${n}`));
    expect(all.flatMap(manifestsIn)).toEqual(Object.values(described));
    expect(all).toHaveLength(Math.ceil(5 / n));
    const type = encodeURIComponent(SBOM);
    const filtered = await followPages(berth, pathOf(subject.digest, `?artifactType=${type}&n=${n}`));
    expect(filtered.flatMap(manifestsIn)).toEqual([described.sbom, described.list]);
    for (const page of filtered) expect(page.headers["oci-filters-applied"]).toBe("artifactType");
  });
});

describe("many referrers", () => {
  const MAX = 4 * 1024 * 1024;
  const target = digestOfText("subject of many");
  const referrerOf = (at: number, size: number): Manifest =>
    image("{}", [], {
      subject: { ...entry(subject), digest: target },
      annotations: { at: String(at), pad: "ä".repeat(size / 2) },
    });

  test("with big annotations come in pages of at most 4 MiB, each once", async () => {
    const sizes = [900_000, 900_000, 3_000_000, 1_000_000, 4_000_000, 100, 200, 2_100_000, 2_100_000];
    const pushed = sizes.map((size, at) => referrerOf(at, size));
    for (const referrer of pushed) await pushManifest(berth, NAME, referrer);
    const pages = await followPages(berth, pathOf(target));
    expect(pages.flatMap(manifestsIn).map(({ digest }) => digest)).toEqual(
      pushed.map(({ digest }) => digest),
    );
    for (const { body } of pages) expect(body.length).toBeLessThanOrEqual(MAX);
    expect(pages.map((page) => manifestsIn(page).length)).toEqual([2, 2, 3, 1, 1]);
  });

  test("that are small come in one page, however many, unless n asks for fewer", async () => {
    const small = digestOfText("subject of small ones");
    const count = 620;
    await berthHasReferrers(small, count);
    const whole = await exchange(berth, { path: pathOf(small) });
    expect(manifestsIn(whole)).toHaveLength(count);
    expect(nextPage(whole)).toBeUndefined();
    const pages = await followPages(berth, pathOf(small, "?n=250"));
    expect(pages.map((page) => manifestsIn(page).length)).toEqual([250, 250, 120]);
    expect(pages.flatMap(manifestsIn)).toEqual(manifestsIn(whole));
  });
});

async function berthHasReferrers(target: string, count: number): Promise<void> {
  const pushes = Array.from({ length: count }, (_, at) =>
    image("{}", [], { subject: { ...entry(subject), digest: target }, annotations: { at: String(at) } }),
  );
  const work = async (): Promise<void> => {
    for (let next = pushes.pop(); next !== undefined; next = pushes.pop())
      await pushManifest(berth, NAME, next);
  };
  await Promise.all(Array.from({ length: 8 }, work));
}
