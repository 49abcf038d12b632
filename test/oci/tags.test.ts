import { afterAll, describe, expect, test } from "vitest";
import { startTestBerth } from "../support/berth.ts";
import { exchange, expectAnswer, testExchanges } from "../support/exchange.ts";
import { followPages, nextPage } from "../support/pages.ts";
import { createRepository, imageOf, pushImage, pushManifest, putManifest } from "../support/push.ts";

const berth = await startTestBerth({ env: { BERTH_TAGS_PER_IMAGE: "0" } });
afterAll(() => berth.stop());

/** In byte order: digits, upper case, `_`, lower case. */
const TAGS = ["0.9", "1.0", "10", "2", "A", "Z", "_x", "a", "a-b", "a.b", "aB", "a_b", "z"];
const image = await pushImage(berth, "lib/app", undefined, "tags");
for (const tag of TAGS.toReversed()) await pushManifest(berth, "lib/app", image, tag);
await createRepository(berth, "lib/empty");

const list = (query = "", name = "lib/app"): string => `/v2/${name}/tags/list${query}`;
const tags = (...names: string[]) => ({ name: "lib/app", tags: names });
const json = { "Content-Type": "application/json" };

describe("tags/list", () => {
  testExchanges(berth, [
    {
      name: "has all tags in byte order",
      path: list(),
      status: 200,
      answers: { ...json, Link: null },
      json: tags(...TAGS),
    },
    {
      name: "HEAD has no body",
      method: "HEAD",
      path: list(),
      status: 200,
      answers: json,
    },
    {
      name: "of a repository without tags is an empty list",
      path: list("", "lib/empty"),
      status: 200,
      answers: { Link: null },
      json: { name: "lib/empty", tags: [] },
    },
    {
      name: "of a repository that is not there",
      path: list("", "lib/nothing"),
      status: 404,
      code: "NAME_UNKNOWN",
      says: "lib/nothing",
    },
    {
      name: "n cuts a page and links to the next",
      path: list("?n=3"),
      status: 200,
      answers: { Link: '</v2/lib/app/tags/list?n=3&last=10>; rel="next"' },
      json: tags("0.9", "1.0", "10"),
    },
    {
      name: "last begins after a tag",
      path: list("?last=Z&n=2"),
      status: 200,
      answers: { Link: '</v2/lib/app/tags/list?n=2&last=a>; rel="next"' },
      json: tags("_x", "a"),
    },
    {
      name: "last need not be a tag that exists",
      path: list("?last=aC"),
      status: 200,
      answers: { Link: null },
      json: tags("a_b", "z"),
    },
    {
      name: "last at the end is empty",
      path: list("?last=z"),
      status: 200,
      answers: { Link: null },
      json: tags(),
    },
    {
      name: "n of exactly all has no next page",
      path: list(`?n=${TAGS.length}`),
      status: 200,
      answers: { Link: null },
      json: tags(...TAGS),
    },
    {
      name: "n=0 is empty, without a link",
      path: list("?n=0"),
      status: 200,
      answers: { Link: null },
      json: tags(),
    },
    {
      name: "n beyond bounds is the largest page",
      path: list("?n=999999999999999"),
      status: 200,
      answers: { Link: null },
      json: tags(...TAGS),
    },
    ...["-1", "ten", "1.5", "", "%20", "9999999999999999"].map((n) => ({
      name: `n=${n} is refused`,
      path: list(`?n=${n}`),
      status: 400,
      code: "PAGINATION_NUMBER_INVALID",
      says: "n must be a number",
    })),
    {
      name: "last with a NUL is refused",
      path: list("?last=a%00b"),
      status: 400,
      code: "UNSUPPORTED",
      says: "NUL",
    },
    {
      name: "last of broken UTF-8 is no error",
      path: list("?last=%ff"),
      status: 200,
      answers: { Link: null },
    },
  ]);

  test.each([1, 2, 5])("pages of %d bring every tag once", async (n) => {
    const pages = await followPages(berth, list(`?n=${n}`));
    const found = pages.flatMap(({ body }) => JSON.parse(body.toString()).tags);
    expect(found).toEqual(TAGS);
    expect(pages).toHaveLength(Math.ceil(TAGS.length / n));
  });

  test("brings 1,000 a page unless asked, and never more", async () => {
    const many = await pushImage(berth, "lib/many", undefined, "many");
    const names = Array.from({ length: 1001 }, (_, at) => `t${String(at).padStart(4, "0")}`);
    for (let at = 0; at < names.length; at += 32) {
      const query = names.slice(at, at + 32).map((tag) => `tag=${tag}`);
      expect((await putManifest(berth, "lib/many", many, `${many.digest}?${query.join("&")}`)).status).toBe(
        201,
      );
    }
    for (const query of ["", "?n=1000", "?n=5000"]) {
      const page = await exchange(berth, { path: list(query, "lib/many") });
      expect(JSON.parse(page.body.toString()).tags).toEqual(names.slice(0, 1000));
      expect(nextPage(page)).toBe("/v2/lib/many/tags/list?n=1000&last=t0999");
    }
    const pages = await followPages(berth, list("", "lib/many"));
    expect(pages.map(({ body }) => JSON.parse(body.toString()).tags.length)).toEqual([1000, 1]);
  });

  test("a tag that follows the referrers tag schema is an ordinary tag", async () => {
    const tag = image.digest.replace(":", "-");
    const referrer = imageOf("tags", {
      subject: { mediaType: image.mediaType, digest: image.digest, size: 1 },
    });
    await pushManifest(berth, "lib/schema", await pushImage(berth, "lib/schema", undefined, "tags"), tag);
    expectAnswer(await putManifest(berth, "lib/schema", referrer, tag), {
      status: 201,
      answers: { "OCI-Subject": image.digest },
    });
    expectAnswer(await exchange(berth, { path: list("", "lib/schema") }), {
      status: 200,
      json: { name: "lib/schema", tags: [tag] },
    });
    const referrers = await exchange(berth, { path: `/v2/lib/schema/referrers/${image.digest}` });
    expect(JSON.parse(referrers.body.toString()).manifests).toMatchObject([{ digest: referrer.digest }]);
  });
});
