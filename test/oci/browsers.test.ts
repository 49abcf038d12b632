import { afterAll, describe, expect, test } from "vitest";
import { startTestBerth } from "../support/berth.ts";
import { exchange, type Sent, testExchanges } from "../support/exchange.ts";
import { digestOfText } from "../support/manifests.ts";
import { pushBlob, pushImage } from "../support/push.ts";
import { rowsOf } from "../support/rows.ts";

const HOST = "registry.example.com:5050";
const BEARER_HOST = "bearer.example.com";
const berth = await startTestBerth({ env: { BERTH_BEARER_HOSTS: BEARER_HOST } });
const external = await startTestBerth({ env: { BERTH_EXTERNAL_URL: "https://reg.test:7107" } });
afterAll(() => Promise.all([berth.stop(), external.stop()]));

const digest = digestOfText("from a form");
const upload = { method: "POST", path: `/v2/lib/form/blobs/uploads/?digest=${digest}`, body: "from a form" };

describe("a page of another site changes nothing, though the browser adds credentials", () => {
  const sites: readonly Readonly<Record<string, string>>[] = [
    { "sec-fetch-site": "cross-site", origin: "https://evil.example" },
    { "sec-fetch-site": "same-site", origin: "https://wiki.example.com" },
    { "sec-fetch-site": "cross-site" },
    { origin: "https://evil.example" },
    { origin: "null" },
    { origin: `http://${HOST}.evil.example` },
    { origin: "http://registry.example.com:5051" },
  ];
  const changes: readonly Sent[] = [
    upload,
    { method: "POST", path: "/v2/lib/form/blobs/uploads/" },
    { method: "PUT", path: "/v2/lib/form/manifests/a" },
    { method: "DELETE", path: "/v2/lib/form/manifests/a" },
    { method: "POST", path: "/", body: "Action=CreateUser&Version=2010-05-08&UserName=eve" },
    { method: "POST", path: "/token", body: "grant_type=password", headers: { host: BEARER_HOST } },
    { method: "POST", path: "/v1/access/explain" },
  ];
  testExchanges(
    berth,
    sites.flatMap((site) =>
      changes.map((sent) => ({
        ...sent,
        name: `${sent.method} ${sent.path.slice(0, 30)} from ${JSON.stringify(site)}`,
        headers: {
          ...{ host: HOST, "content-type": "application/x-www-form-urlencoded" },
          ...sent.headers,
          ...site,
        },
        ...{ status: 403, code: "DENIED", says: /another site/ },
      })),
    ),
  );

  test("and nothing was stored", async () => {
    expect(await rowsOf(berth, "SELECT name FROM repositories")).toEqual([]);
  });
});

describe("who may upload", () => {
  const welcome: readonly Readonly<Record<string, string>>[] = [
    {},
    { "sec-fetch-site": "same-origin", origin: `http://${HOST}` },
    { "sec-fetch-site": "none" },
    { origin: `http://${HOST}` },
    { origin: `https://${HOST}` },
    { origin: `HTTP://${HOST.toUpperCase()}` },
  ];
  testExchanges(
    berth,
    welcome.map((site) => ({
      ...{ ...upload, name: `a client that says ${JSON.stringify(site)}`, status: 201 },
      headers: { host: HOST, ...site },
    })),
  );

  testExchanges(external, [
    {
      ...{ ...upload, name: "a page of the external URL, whatever host the proxy sends", status: 201 },
      headers: { host: "inside:1", origin: "https://reg.test:7107" },
    },
  ]);

  testExchanges(berth, [
    {
      name: "anybody's page may make the browser read, which shows it nothing",
      path: "/v2/",
      headers: { host: HOST, "sec-fetch-site": "cross-site", origin: "https://evil.example" },
      status: 200,
    },
  ]);
});

describe("what browsers are told", () => {
  const GUARDED = {
    "x-content-type-options": "nosniff",
    "content-security-policy": "default-src 'none'; sandbox",
  };
  const NOWHERE = { ...GUARDED, "cache-control": "no-store" };
  const ASKED_EACH_TIME = { ...GUARDED, "cache-control": "private, no-cache" };

  test.each<[string, string, Partial<Sent>, Readonly<Record<string, string>>]>([
    ["a manifest", "/v2/lib/seen/manifests/a", {}, ASKED_EACH_TIME],
    ["the head of a manifest", "/v2/lib/seen/manifests/a", { method: "HEAD" }, ASKED_EACH_TIME],
    ["a blob", `/v2/lib/seen/blobs/${digest}`, {}, ASKED_EACH_TIME],
    [
      "a part of a blob",
      `/v2/lib/seen/blobs/${digest}`,
      { headers: { range: "bytes=0-1" } },
      ASKED_EACH_TIME,
    ],
    [
      "a blob that the client has",
      `/v2/lib/seen/blobs/${digest}`,
      { headers: { "if-none-match": "*" } },
      ASKED_EACH_TIME,
    ],
    ["a list of tags", "/v2/lib/seen/tags/list", {}, NOWHERE],
    ["the catalog", "/v2/_catalog", {}, NOWHERE],
    ["a challenge", "/v2/", { headers: { authorization: "" } }, NOWHERE],
    ["a manifest that is unknown", "/v2/lib/seen/manifests/b", {}, NOWHERE],
    ["a new upload", "/v2/lib/seen/blobs/uploads/", { method: "POST" }, NOWHERE],
    ["health", "/healthz", {}, NOWHERE],
    ["nothing at all", "/nothing", {}, NOWHERE],
    ["the AWS API", "/", { method: "POST" }, NOWHERE],
    ["public keys", "/.well-known/jwks.json", {}, { ...GUARDED, "cache-control": "public, max-age=300" }],
  ])("with %s", async (_, path, sent, wanted) => {
    await pushImage(berth, "lib/seen", "a", "seen");
    await pushBlob(berth, "lib/seen", "from a form");
    expect((await exchange(berth, { path, ...sent })).headers).toMatchObject(wanted);
  });

  test("to insist on TLS, only where clients have it", async () => {
    const told = async (at: typeof berth): Promise<unknown> =>
      (await exchange(at, { path: "/v2/" })).headers["strict-transport-security"];
    expect(await told(external)).toBe("max-age=31536000");
    expect(await told(berth)).toBeUndefined();
  });
});
