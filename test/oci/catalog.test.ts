import { afterAll, describe, expect, test } from "vitest";
import { startTestBerth } from "../support/berth.ts";
import { exchange, expectAnswer, testExchanges } from "../support/exchange.ts";
import { followPages } from "../support/pages.ts";
import { createRepository, deleteRepository } from "../support/push.ts";

const berth = await startTestBerth();
afterAll(() => berth.stop());

const NAMES = ["0", "a", "a-b", "a.b", "a/b", "a0", "a_b", "b/manifests/c", "z"];

const atFirst = await exchange(berth, { path: "/v2/_catalog" });
for (const name of NAMES.toReversed()) await createRepository(berth, name);
await createRepository(berth, "deleted");
await deleteRepository(berth, "deleted");

test("the catalog of an account without repositories is an empty list", () => {
  expectAnswer(atFirst, {
    status: 200,
    answers: { "Content-Type": "application/json", Link: null },
    json: { repositories: [] },
  });
});

describe("the catalog", () => {
  const names = (...repositories: string[]) => ({ repositories });
  testExchanges(berth, [
    {
      name: "has all repositories in byte order, and none that was deleted",
      path: "/v2/_catalog",
      status: 200,
      answers: { Link: null },
      json: names(...NAMES),
    },
    {
      name: "n cuts a page and links to the next, percent-encoded",
      path: "/v2/_catalog?n=5",
      status: 200,
      answers: { Link: '</v2/_catalog?n=5&last=a%2Fb>; rel="next"' },
      json: names(...NAMES.slice(0, 5)),
    },
    {
      name: "last begins after a name",
      path: "/v2/_catalog?last=a_b",
      status: 200,
      answers: { Link: null },
      json: names("b/manifests/c", "z"),
    },
    {
      name: "n=0 is empty, without a link",
      path: "/v2/_catalog?n=0",
      status: 200,
      answers: { Link: null },
      json: names(),
    },
    {
      name: "n beyond bounds is the largest page",
      path: "/v2/_catalog?n=100000",
      status: 200,
      json: names(...NAMES),
    },
    ...["-1", "x"].map((n) => ({
      name: `n=${n} is refused`,
      path: `/v2/_catalog?n=${n}`,
      status: 400,
      code: "PAGINATION_NUMBER_INVALID",
    })),
    {
      name: "knows no other method",
      method: "DELETE",
      path: "/v2/_catalog",
      status: 405,
      code: "UNSUPPORTED",
    },
  ]);

  test.each([1, 4])("pages of %d bring every name once", async (n) => {
    const pages = await followPages(berth, `/v2/_catalog?n=${n}`);
    expect(pages.flatMap(({ body }) => JSON.parse(body.toString()).repositories)).toEqual(NAMES);
  });
});
