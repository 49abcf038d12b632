import { afterAll, describe, expect, test } from "vitest";
import { startTestBerth, type TestBerth } from "../support/berth.ts";
import { type Answer, exchange, testExchanges } from "../support/exchange.ts";

const UI = "https://ui.example.com";
const OTHER = "https://other.example.com";
const off = await startTestBerth();
const named = await startTestBerth({ env: { BERTH_CORS_ORIGINS: `${UI}, http://localhost:3000` } });
const anybody = await startTestBerth({ env: { BERTH_CORS_ORIGINS: `*, ${UI}` } });
afterAll(() => Promise.all([off.stop(), named.stop(), anybody.stop()]));

const preflight = (berth: TestBerth, origin: string, method = "GET"): Promise<Answer> =>
  exchange(berth, {
    method: "OPTIONS",
    path: "/v2/lib/app/manifests/a",
    headers: {
      ...{ authorization: "", origin, "access-control-request-method": method },
      "access-control-request-headers": "authorization",
    },
  });
const cors = ({ headers }: Answer): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(headers).filter(([name]) => name === "vary" || name.startsWith("access-control-")),
  );

describe("a page that asks first", () => {
  test("learns nothing where CORS is off", async () => {
    const answer = await preflight(off, UI);
    expect(answer.status).toBe(204);
    expect(cors(answer)).toEqual({});
  });

  test.each([UI, "http://localhost:3000"])(
    "from %s, which is named, may do what its user may",
    async (origin) => {
      const answer = await preflight(named, origin, "PUT");
      expect(answer.status).toBe(204);
      expect(cors(answer)).toEqual({
        vary: "Origin",
        "access-control-allow-origin": origin,
        "access-control-allow-credentials": "true",
        "access-control-allow-methods": "GET, HEAD, PUT, DELETE, OPTIONS",
        "access-control-allow-headers": expect.stringContaining("Authorization"),
        "access-control-expose-headers": expect.any(String),
        "access-control-max-age": "600",
      });
    },
  );

  test.each([OTHER, "null", `${UI}.evil.example`, "http://ui.example.com"])(
    "from %s may do nothing",
    async (origin) => {
      expect(cors(await preflight(named, origin))).toEqual({ vary: "Origin" });
    },
  );

  test("from anywhere may read, where everybody may, with credentials of its own", async () => {
    expect(cors(await preflight(anybody, OTHER, "PUT"))).toMatchObject({
      "access-control-allow-origin": "*",
      "access-control-allow-methods": "GET, HEAD, OPTIONS",
    });
    expect(cors(await preflight(anybody, OTHER))).not.toHaveProperty("access-control-allow-credentials");
    expect(cors(await preflight(anybody, UI))).toHaveProperty("access-control-allow-credentials");
  });
});

describe("an answer", () => {
  const ask = (berth: TestBerth, origin: string | undefined, path = "/v2/"): Promise<Answer> =>
    exchange(berth, { path, headers: { authorization: "", ...(origin === undefined ? {} : { origin }) } });

  test("may be read by a page that is named, with the headers of the doors, also where it is a refusal", async () => {
    const answer = await ask(named, UI);
    expect(answer.status).toBe(401);
    expect(answer.headers).toMatchObject({ "access-control-allow-origin": UI, vary: "Origin" });
    const exposed = String(answer.headers["access-control-expose-headers"]).split(", ");
    for (const name of ["Docker-Content-Digest", "Link", "Location", "Range", "WWW-Authenticate"])
      expect(exposed).toContain(name);
  });

  test.each(["/v2/", "/healthz", "/nothing", "/?Action=GetCallerIdentity&Version=2011-06-15"])(
    "of %s tells caches that pages are answered apart",
    async (path) => {
      expect(cors(await ask(named, undefined, path))).toEqual({ vary: "Origin" });
      expect(cors(await ask(named, OTHER, path))).toEqual({ vary: "Origin" });
      expect(cors(await ask(off, UI, path))).toEqual({});
    },
  );
});

describe("a change", () => {
  const start = { method: "POST", path: "/v2/lib/paged/blobs/uploads/" };
  const from = (origin: string) => ({ origin, "sec-fetch-site": "cross-site" });
  testExchanges(named, [
    { ...start, name: "by a page that is named is done", headers: from(UI), status: 202 },
    { ...start, name: "by another page is refused", headers: from(OTHER), status: 403, code: "DENIED" },
  ]);
  testExchanges(anybody, [
    {
      ...start,
      name: "is refused where everybody may read",
      headers: from(OTHER),
      status: 403,
      code: "DENIED",
    },
  ]);
});
