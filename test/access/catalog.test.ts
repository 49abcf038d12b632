import { afterAll, describe, expect, test, vi } from "vitest";
import { CATALOG_LOOKS_MAX } from "../../src/registry/repositories/describe.ts";
import { basic, makeTestHome, startTestBerth } from "../support/berth.ts";
import { ManualClock } from "../support/clock.ts";
import { exchange, expectAnswer } from "../support/exchange.ts";
import { nextPage } from "../support/pages.ts";
import { createRepository } from "../support/push.ts";
import { rowsOf } from "../support/rows.ts";
import { ACCOUNT, allow, callEcr, document, openScene, type Statement } from "./scene.ts";

const OTHER = "444455556666";
const SEE = ["ecr:DescribeRepositories"];

const clock = new ManualClock();
const home = await makeTestHome();
const berth = await startTestBerth({ home, clock });
afterAll(async () => {
  await berth.stop();
  await home.remove();
});
const scene = openScene(berth, home, clock);
await scene.makeAccount(OTHER);

const NAMES = ["a/secret", "b/secret", "team/app", "team/web", "z/secret"];
for (const name of NAMES) await createRepository(berth, name);

async function authorizationOf(name: string, statements: readonly Statement[], account = ACCOUNT) {
  const { accessKeyId, secretAccessKey } = await scene.makeUser(name, statements, account);
  return basic(accessKeyId, secretAccessKey);
}

async function catalogOf(authorization: string, query = "") {
  const answer = await exchange(berth, { path: `/v2/_catalog${query}`, headers: { authorization } });
  return answer;
}

const namesIn = ({ body }: { readonly body: Buffer }): readonly string[] =>
  JSON.parse(body.toString()).repositories;

describe("the catalog", () => {
  test("shows who may describe some repositories those alone", async () => {
    const authorization = await authorizationOf("some", [allow(SEE, "team/*")]);
    const answer = await catalogOf(authorization);
    expectAnswer(answer, {
      status: 200,
      json: { repositories: ["team/app", "team/web"] },
      answers: { Link: null },
    });
  });

  test("hides what is denied from who may describe the rest", async () => {
    const secret = `arn:aws:ecr:*:${ACCOUNT}:repository/*/secret`;
    const authorization = await authorizationOf("most", [
      allow(SEE),
      { Effect: "Deny", Action: SEE, Resource: secret },
    ]);
    expect(namesIn(await catalogOf(authorization))).toEqual(["team/app", "team/web"]);
  });

  test("obeys the policies of repositories", async () => {
    const authorization = await authorizationOf("guest", [allow(SEE)], OTHER);
    const policyText = document({
      ...{ Effect: "Allow", Principal: { AWS: `arn:aws:iam::${OTHER}:root` }, Action: SEE },
    });
    await callEcr(berth, clock, "SetRepositoryPolicy", { repositoryName: "team/web", policyText });
    await vi.waitFor(async () => expect(namesIn(await catalogOf(authorization))).toEqual(["team/web"]));
  });

  test("is refused to who may describe none", async () => {
    const authorization = await authorizationOf("none", [allow(["ecr:ListImages"])]);
    expectAnswer(await catalogOf(authorization), {
      ...{ status: 403, code: "DENIED" },
      says: `ecr:DescribeRepositories on resource: arn:aws:ecr:us-east-1:${ACCOUNT}:repository/*`,
    });
  });

  test("has pages of what may be seen, each full but the last", async () => {
    const authorization = await authorizationOf("paging", [allow(SEE, "team/*")]);
    const first = await catalogOf(authorization, "?n=1");
    expectAnswer(first, {
      ...{ status: 200, json: { repositories: ["team/app"] } },
      answers: { Link: '</v2/_catalog?n=1&last=team%2Fapp>; rel="next"' },
    });
    const second = await catalogOf(authorization, "?n=1&last=team/app");
    expectAnswer(second, { status: 200, json: { repositories: ["team/web"] }, answers: { Link: null } });
  });

  test("ends with an empty page after the last name that may be seen", async () => {
    const authorization = await authorizationOf("ending", [allow(SEE, "team/*")]);
    const answer = await catalogOf(authorization, "?last=team/web");
    expectAnswer(answer, { status: 200, json: { repositories: [] }, answers: { Link: null } });
  });

  test("does not take a cursor that nobody was given", async () => {
    expectAnswer(await catalogOf(berth.authorization, "?last=~bXkgb3du"), {
      ...{ status: 400, code: "PAGINATION_NUMBER_INVALID" },
    });
  });
});

describe("among more names than one page looks at", () => {
  test("leads on without a hidden name", async () => {
    await rowsOf(
      berth,
      `INSERT INTO repositories (registry_id, name, created_at)
        SELECT id, 'hidden/' || to_char(n, 'FM000000'), $1 FROM registries, generate_series(1, $2::integer) AS n
        WHERE account_id = $3 AND region = 'us-east-1'`,
      [clock.now(), CATALOG_LOOKS_MAX + 10, ACCOUNT],
    );
    const authorization = await authorizationOf("patient", [allow(SEE, "team/*")]);
    const first = await catalogOf(authorization);
    expectAnswer(first, { status: 200, json: { repositories: [] } });
    const next = nextPage(first) ?? "";
    expect(decodeURIComponent(next)).toMatch(/\?n=1000&last=~[A-Za-z0-9_-]+$/);
    const second = await exchange(berth, { path: next, headers: { authorization } });
    expectAnswer(second, {
      status: 200,
      json: { repositories: ["team/app", "team/web"] },
      answers: { Link: null },
    });
  });
});
