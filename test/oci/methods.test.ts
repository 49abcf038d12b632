import { afterAll, describe, expect, test } from "vitest";
import { RawClient, requestText } from "../hostile/raw.ts";
import { startTestBerth } from "../support/berth.ts";
import { exchange, expectAnswer, testExchanges } from "../support/exchange.ts";
import { blob, digestOfText, image, index } from "../support/manifests.ts";
import { pushBlob, pushManifest } from "../support/push.ts";

const BEARER_HOST = "bearer.example.com";
const berth = await startTestBerth({ env: { BERTH_BEARER_HOSTS: BEARER_HOST } });
afterAll(() => berth.stop());

const digest = digestOfText("anything");
const upload = "/v2/lib/app/blobs/uploads/0b9d9a4e-0000-4000-8000-000000000000";
const PATHS: readonly (readonly [path: string, wrong: string, methods: string])[] = [
  ["/v2/", "PUT", "GET, HEAD, OPTIONS"],
  ["/v2/_catalog", "DELETE", "GET, HEAD, OPTIONS"],
  ["/v2/lib/app/manifests/a", "PATCH", "GET, HEAD, PUT, DELETE, OPTIONS"],
  [`/v2/lib/app/blobs/${digest}`, "PUT", "GET, HEAD, DELETE, OPTIONS"],
  ["/v2/lib/app/blobs/uploads/", "GET", "POST, OPTIONS"],
  [upload, "POST", "GET, HEAD, PATCH, PUT, DELETE, OPTIONS"],
  ["/v2/lib/app/tags/list?n=1", "PUT", "GET, HEAD, OPTIONS"],
  [`/v2/lib/app/referrers/${digest}`, "PROPFIND", "GET, HEAD, OPTIONS"],
  ["/", "PUT", "GET, HEAD, POST, OPTIONS"],
  ["/healthz", "POST", "GET, HEAD, OPTIONS"],
  ["/readyz", "DELETE", "GET, HEAD, OPTIONS"],
  ["/metrics", "PUT", "GET, HEAD, OPTIONS"],
  ["/.well-known/jwks.json", "POST", "GET, HEAD, OPTIONS"],
  ["/v1/access/explain", "POST", "GET, OPTIONS"],
  ["/token", "PUT", "GET, POST, OPTIONS"],
];
const headers = { host: BEARER_HOST };

describe("a method that a path has not is told which it has", () => {
  testExchanges(
    berth,
    PATHS.map(([path, method, methods]) => ({
      ...{ name: `${method} ${path.replace(digest, "…")}`, path, method, status: 405 },
      headers: { ...headers, authorization: path === "/token" ? "" : berth.authorization },
      ...{ code: "UNSUPPORTED", answers: { Allow: methods } },
    })),
  );

  test("also where what is there forbids it", async () => {
    await pushBlob(berth, "lib/held", "{}");
    const child = await pushManifest(berth, "lib/held", image("{}", []));
    await pushManifest(
      berth,
      "lib/held",
      index([{ mediaType: child.mediaType, digest: child.digest, size: child.bytes.length }]),
    );
    const remove = (path: string) => exchange(berth, { method: "DELETE", path });
    expectAnswer(await remove(`/v2/lib/held/manifests/${child.digest}`), {
      status: 405,
      answers: { Allow: "GET, HEAD, PUT, OPTIONS" },
    });
    expectAnswer(await remove(`/v2/lib/held/blobs/${blob("{}").digest}`), {
      status: 405,
      answers: { Allow: "GET, HEAD, OPTIONS" },
    });
  });
});

describe("OPTIONS tells the methods to anybody", () => {
  testExchanges(berth, [
    ...PATHS.map(([path, , methods]) => ({
      ...{ name: `of ${path.replace(digest, "…")}`, path, method: "OPTIONS", status: 204 },
      headers: { ...headers, authorization: "" },
      answers: { Allow: methods, "Access-Control-Allow-Origin": null, Vary: null },
    })),
    {
      ...{ name: "of every path", path: "*", method: "OPTIONS", status: 204 },
      answers: { Allow: "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS" },
    },
    {
      name: "but not of nothing",
      path: "/nothing",
      method: "OPTIONS",
      status: 404,
      answers: { Allow: null },
    },
    { name: "nor of tokens where there are none", path: "/token", method: "OPTIONS", status: 404 },
  ]);
});

describe("the root", () => {
  const root = { path: "/", headers: { authorization: "" }, status: 200 };
  testExchanges(berth, [
    { ...root, name: "answers balancers", json: { service: "berth", registry: "/v2/" } },
    { ...root, name: "has a head", method: "HEAD" },
    { ...root, name: "may be asked with a query", path: "/?probe=1" },
  ]);
});

describe("a transfer coding", () => {
  const chunks = "d\r\nfrom a socket\r\n0\r\n\r\n";
  const content = digestOfText("from a socket");
  const push = async (coding: string): Promise<number | undefined> => {
    const client = new RawClient(berth.url);
    const target = `/v2/lib/coded/blobs/uploads/?digest=${content}`;
    const lines = [`Authorization: ${berth.authorization}`, `Transfer-Encoding: ${coding}`];
    const answer = await client.send(requestText("POST", target, lines, chunks)).answer();
    client.close();
    return answer?.status;
  };

  test.each(["gzip, chunked", "deflate,chunked", "x-own, chunked", "chunked, chunked"])(
    "that nobody undoes is not implemented: %s",
    async (coding) => {
      expect([400, 501]).toContain(await push(coding));
      expectAnswer(await exchange(berth, { path: `/v2/lib/coded/blobs/${content}` }), { status: 404 });
    },
  );

  test("gzip is answered 501", async () => {
    expect(await push("gzip, chunked")).toBe(501);
  });

  test.each(["chunked", "Chunked", " chunked "])("of chunks alone is taken: %j", async (coding) => {
    expect(await push(coding)).toBe(201);
    await exchange(berth, { method: "DELETE", path: `/v2/lib/coded/blobs/${content}` });
  });
});
