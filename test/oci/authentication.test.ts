import { afterAll, describe, expect, test } from "vitest";
import { ADMINISTRATOR, basic, startTestBerth } from "../support/berth.ts";
import { exchange, expectAnswer, testExchanges } from "../support/exchange.ts";
import { digestOfText } from "../support/manifests.ts";
import { openSession, pushImage } from "../support/push.ts";
import { rowsOf } from "../support/rows.ts";

const berth = await startTestBerth();
afterAll(() => berth.stop());

const image = await pushImage(berth, "lib/app", "v1", "authentication");
const session = await openSession(berth, "lib/app");
const digest = digestOfText("layer of authentication");
const { accessKeyId, secretAccessKey } = ADMINISTRATOR;
const NONE = { authorization: "" };
const HOST = { host: "registry.example.com:5050" };
const CHALLENGE = 'Basic realm="http://registry.example.com:5050/",service="berth"';

describe("without credentials every path and method answers 401 with the challenge", () => {
  const calls: readonly (readonly [string, string])[] = [
    ["GET", "/v2/"],
    ["GET", "/v2"],
    ["HEAD", "/v2/"],
    ["POST", "/v2/"],
    ["GET", "/v2/_catalog"],
    ["GET", "/v2/lib/app/tags/list"],
    ["GET", `/v2/lib/app/referrers/${image.digest}`],
    ...["GET", "HEAD", "PUT", "DELETE"].map((method) => [method, "/v2/lib/app/manifests/v1"] as const),
    ["GET", "/v2/lib/nothing/manifests/v1"],
    ["GET", "/v2/Not/A/Name/manifests/v1"],
    ...["GET", "HEAD", "DELETE"].map((method) => [method, `/v2/lib/app/blobs/${digest}`] as const),
    ["POST", "/v2/lib/app/blobs/uploads/"],
    ["POST", `/v2/lib/app/blobs/uploads/?mount=${digest}`],
    ...["GET", "PATCH", "PUT", "DELETE"].map((method) => [method, session] as const),
    ["GET", "/v2/lib/app/nothing/of/the/kind"],
  ];
  testExchanges(
    berth,
    calls.map(([method, path]) => ({
      name: `${method} ${path.replace(/[0-9a-f]{64}/, "…").replace(/[0-9a-f-]{36}/, "…")}`,
      method,
      path,
      headers: { ...NONE, ...HOST },
      status: 401,
      answers: { "WWW-Authenticate": CHALLENGE, "Content-Type": "application/json" },
      ...(method === "HEAD" ? {} : { code: "UNAUTHORIZED", says: "authentication required" }),
    })),
  );
});

describe("credentials of no use answer 401 with the challenge", () => {
  testExchanges(
    berth,
    [
      ["a wrong secret", basic(accessKeyId, "not-the-secret-of-anybody")],
      ["an empty secret", basic(accessKeyId, "")],
      ["an unknown key", basic("AKIANOBODYKNOWSTHIS0", secretAccessKey)],
      ["a secret with a suffix", basic(accessKeyId, `${secretAccessKey}x`)],
      ["an empty user", basic("", secretAccessKey)],
      ["a user with a NUL", basic(`${accessKeyId}\0`, secretAccessKey)],
      ["no colon", `Basic ${Buffer.from(accessKeyId).toString("base64")}`],
      ["no base64", "Basic ???"],
      ["Basic alone", "Basic"],
      ["another scheme", "Bearer abc"],
      ["a header of 30 KiB", `Basic ${Buffer.alloc(22_500, "x:").toString("base64")}`],
    ].map(([name = "", authorization = ""]) => ({
      name,
      path: "/v2/",
      headers: { authorization, ...HOST },
      status: 401,
      answers: { "WWW-Authenticate": CHALLENGE },
      code: "UNAUTHORIZED",
      says: "not valid",
    })),
  );
});

describe("the administrator's key", () => {
  testExchanges(berth, [
    { name: "opens the door", path: "/v2/", status: 200, content: "" },
    { name: "opens the door without its slash", path: "/v2", status: 200 },
    {
      name: "opens it whatever the case of the scheme",
      path: "/v2/",
      headers: { authorization: basic(accessKeyId, secretAccessKey).replace("Basic", "bAsIc") },
      status: 200,
    },
  ]);

  test("is encrypted in the database, and its secret is nowhere in it", async () => {
    const [row] = await rowsOf<{ secret_ciphertext: Buffer }>(
      berth,
      "SELECT secret_ciphertext FROM access_keys",
    );
    expect(row?.secret_ciphertext.includes(secretAccessKey)).toBe(false);
    expect(row?.secret_ciphertext.length).toBe(12 + 16 + secretAccessKey.length);
  });

  test("is of no use once it is inactive", async () => {
    const other = await startTestBerth();
    try {
      await rowsOf(other, "UPDATE access_keys SET active = false");
      expect((await exchange(other, { path: "/v2/" })).status).toBe(401);
    } finally {
      await other.stop();
    }
  });
});

test("other requests are accepted with headers of 30 KiB", async () => {
  const headers = { "x-padding": "x".repeat(30 * 1024) };
  expectAnswer(await exchange(berth, { path: "/v2/lib/app/manifests/v1", headers }), {
    status: 200,
    content: image.bytes,
  });
});

test("of a host, what a challenge has other uses for is left out", async () => {
  const answer = await exchange(berth, { path: "/v2/", headers: { ...NONE, host: "a'b,c=d" } });
  expectAnswer(answer, {
    status: 401,
    answers: { "WWW-Authenticate": 'Basic realm="http://abcd/",service="berth"' },
  });
});

test("a host that would end the challenge's string is none", async () => {
  const answer = await exchange(berth, { path: "/v2/", headers: { ...NONE, host: 'a"b,c=d\\' } });
  expectAnswer(answer, { status: 400, code: "UNSUPPORTED" });
});
