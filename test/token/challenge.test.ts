import { afterAll, describe, expect, test } from "vitest";
import { startTestBerth } from "../support/berth.ts";
import { exchange, testExchanges } from "../support/exchange.ts";
import { digestOfText } from "../support/manifests.ts";
import { ask, BASIC_HOST, BEARER_ENV, BEARER_HOST } from "./caller.ts";

const berth = await startTestBerth({ env: BEARER_ENV });
afterAll(() => berth.stop());

const digest = digestOfText("anything");
const START = `Bearer realm="http://${BEARER_HOST}/token",service="${BEARER_HOST}"`;

describe("a bearer host names the scope of each request", () => {
  const upload = "/v2/lib/app/blobs/uploads/0b9d9a4e-0000-4000-8000-000000000000";
  const rows: readonly (readonly [string, string, string])[] = [
    ["GET", "/v2/", ""],
    ["HEAD", "/v2/", ""],
    ["POST", "/v2/", ""],
    ["GET", "/v2/_catalog", ',scope="registry:catalog:*"'],
    ["GET", "/v2/lib/app/manifests/v1", ',scope="repository:lib/app:pull"'],
    ["HEAD", "/v2/lib/app/manifests/v1", ',scope="repository:lib/app:pull"'],
    ["PUT", "/v2/lib/app/manifests/v1", ',scope="repository:lib/app:pull,push"'],
    ["DELETE", "/v2/lib/app/manifests/v1", ',scope="repository:lib/app:delete"'],
    ["HEAD", `/v2/lib/app/blobs/${digest}`, ',scope="repository:lib/app:pull"'],
    ["DELETE", `/v2/lib/app/blobs/${digest}`, ',scope="repository:lib/app:delete"'],
    ["GET", "/v2/lib/app/tags/list?n=3", ',scope="repository:lib/app:pull"'],
    ["GET", `/v2/lib/app/referrers/${digest}`, ',scope="repository:lib/app:pull"'],
    ["POST", "/v2/lib/app/blobs/uploads/", ',scope="repository:lib/app:pull,push"'],
    ["PATCH", upload, ',scope="repository:lib/app:pull,push"'],
    ["PUT", `${upload}?digest=${digest}`, ',scope="repository:lib/app:pull,push"'],
    [
      "POST",
      `/v2/lib/app/blobs/uploads/?mount=${digest}&from=base%2Fos`,
      ',scope="repository:lib/app:pull,push repository:base/os:pull"',
    ],
    ["GET", "/v2/blobs/manifests/tags/list", ',scope="repository:blobs/manifests:pull"'],
    ["GET", "/v2/lib%2Fapp/tags/list", ',scope="repository:lib/app:pull"'],
    ["GET", "/v2/a%22,scope=%22b/manifests/v1", ""],
    ["GET", "/v2/Not/A/Name/manifests/v1", ""],
    ["POST", `/v2/lib/app/blobs/uploads/?mount=${digest}&from=A"`, ',scope="repository:lib/app:pull,push"'],
  ];
  testExchanges(
    berth,
    rows.map(([method, path, scope]) => ({
      name: `${method} ${path.replace(digest, "…")}`,
      ...{ method, path, status: 401 },
      headers: { authorization: "", host: BEARER_HOST },
      answers: { "WWW-Authenticate": START + scope },
    })),
  );
});

describe("which hosts are bearer hosts", () => {
  test.each([
    ["bearer.example.com", "Bearer"],
    ["bearer.example.com:443", "Bearer"],
    ["BEARER.Example.com", "Bearer"],
    ["other.example.com:5050", "Bearer"],
    ["example.com", "Basic"],
    ["x.bearer.example.com", "Basic"],
    ["bearer.example.com.evil.org", "Basic"],
    [BASIC_HOST, "Basic"],
  ])("%s: %s", async (host, scheme) => {
    const challenge = (await ask(berth, "", "/v2/", "GET", host)).headers["www-authenticate"];
    expect(challenge?.match(/\b(?:Basic|Bearer) /g)).toEqual([`${scheme} `]);
  });

  test("every one, by a star", async () => {
    const open = await startTestBerth({ env: { BERTH_BEARER_HOSTS: "*" } });
    try {
      const answer = await ask(open, "", "/v2/", "GET", "anything.example.com");
      expect(answer.headers["www-authenticate"]).toBe(
        'Bearer realm="http://anything.example.com/token",service="anything.example.com"',
      );
    } finally {
      await open.stop();
    }
  });

  test("none, by default", async () => {
    const closed = await startTestBerth();
    try {
      expect((await ask(closed, "", "/v2/")).headers["www-authenticate"]).toMatch(/^Basic /);
      expect((await exchange(closed, { path: "/token", headers: { host: BEARER_HOST } })).status).toBe(404);
    } finally {
      await closed.stop();
    }
  });
});

describe("credentials that are wrong", () => {
  test("as Bearer: the challenge says that the token is invalid", async () => {
    const answer = await ask(berth, "Bearer abc", "/v2/");
    expect(answer.status).toBe(401);
    expect(answer.headers["www-authenticate"]).toBe(`${START},error="invalid_token"`);
  });

  test("as Basic: it is the plain one", async () => {
    expect((await ask(berth, "Basic YTpi", "/v2/")).headers["www-authenticate"]).toBe(START);
  });

  test("as Bearer on a basic host: Basic", async () => {
    const answer = await ask(berth, "Bearer abc", "/v2/", "GET", BASIC_HOST);
    expect(answer.headers["www-authenticate"]).toBe(`Basic realm="http://${BASIC_HOST}/",service="berth"`);
  });
});

test("right Basic credentials open a bearer host as well", async () => {
  expect((await ask(berth, berth.authorization, "/v2/")).status).toBe(200);
});
