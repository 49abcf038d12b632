import { afterAll, describe, expect, test } from "vitest";
import { callEcrApi, succeeded } from "../access/aws-client.ts";
import { ADMINISTRATOR, startTestBerth, type TestBerth } from "../support/berth.ts";
import { type Answer, exchange, expectAnswer, testExchanges } from "../support/exchange.ts";
import { digestOfText } from "../support/manifests.ts";
import { pushImage, pushManifest } from "../support/push.ts";

const EXTERNAL = "https://registry.example.com:8443";
const plain = await startTestBerth();
const external = await startTestBerth({
  env: { BERTH_EXTERNAL_URL: `${EXTERNAL}/`, BERTH_BEARER_HOSTS: "bearer.example.com" },
});
const proxied = await startTestBerth({ env: { BERTH_TRUSTED_PROXIES: "127.0.0.0/8,10.1.0.0/16,::1" } });
afterAll(() => Promise.all([plain.stop(), external.stop(), proxied.stop()]));

describe.each([
  ["paths alone, whatever the host", plain, ""],
  ["below the external URL, where there is one", external, EXTERNAL],
])("Location and Link are %s", (_, berth, base) => {
  const host = { host: "client.sees.this:1234" };
  const send = (method: string, path: string, headers = {}, body?: string): Promise<Answer> =>
    exchange(berth, {
      method,
      path,
      headers: { ...host, ...headers },
      ...(body === undefined ? {} : { body }),
    });

  test("of an upload, from its POST to its blob", async () => {
    const digest = digestOfText("located");
    const opened = await send("POST", "/v2/lib/up/blobs/uploads/");
    const location = String(opened.headers.location);
    expect(location).toMatch(new RegExp(`^${base}/v2/lib/up/blobs/uploads/[0-9a-f-]{36}$`));
    const session = pathIn(location);
    const answers = { Location: location };
    expectAnswer(await send("PATCH", session, {}, "loc"), { status: 202, answers });
    expectAnswer(await send("PATCH", session, { "content-range": "0-2" }, "loc"), { status: 416, answers });
    expectAnswer(await send("GET", session), { status: 204, answers });
    expectAnswer(await send("PUT", `${session}?digest=${digest}`, {}, "ated"), {
      status: 201,
      answers: { Location: `${base}/v2/lib/up/blobs/${digest}` },
    });
    expectAnswer(await send("POST", `/v2/lib/to/blobs/uploads/?mount=${digest}&from=lib/up`), {
      status: 201,
      answers: { Location: `${base}/v2/lib/to/blobs/${digest}` },
    });
    expectAnswer(await send("POST", `/v2/lib/up/blobs/uploads/?digest=${digest}`, {}, "located"), {
      status: 201,
      answers: { Location: `${base}/v2/lib/up/blobs/${digest}` },
    });
  });

  test("of a manifest, and of the next page of a list", async () => {
    const image = await pushImage(berth, "lib/app", "a", "locations");
    await pushManifest(berth, "lib/app", image, "b");
    const put = await exchange(berth, {
      method: "PUT",
      path: "/v2/lib/app/manifests/c",
      headers: { ...host, "content-type": image.mediaType },
      body: image.bytes,
    });
    expectAnswer(put, { status: 201, answers: { Location: `${base}/v2/lib/app/manifests/c` } });
    expectAnswer(await send("GET", "/v2/lib/app/tags/list?n=1"), {
      status: 200,
      answers: { Link: `<${base}/v2/lib/app/tags/list?n=1&last=a>; rel="next"` },
    });
  });
});

describe("the ECR API names registries by", () => {
  const named = async (
    berth: TestBerth,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<string[]> => {
    const call = (operation: string, input: object): Promise<string> =>
      succeeded(callEcrApi(berth.url, operation, input, ADMINISTRATOR, headers));
    await pushImage(berth, "lib/named", "a", "named");
    const described = JSON.parse(await call("DescribeRepositories", { repositoryNames: ["lib/named"] }));
    const { authorizationData } = JSON.parse(await call("GetAuthorizationToken", {}));
    return [described.repositories[0].repositoryUri, authorizationData[0].proxyEndpoint];
  };

  test("the external URL, where there is one", async () => {
    expect(await named(external)).toEqual(["registry.example.com:8443/lib/named", EXTERNAL]);
  });

  test("the host that a trusted proxy says, with its port", async () => {
    const forwarded = { "X-Forwarded-Host": "reg.test:7107", "X-Forwarded-Proto": "https" };
    const wanted = ["reg.test:7107/lib/named", "https://reg.test:7107"];
    expect(await named(proxied, forwarded)).toEqual(wanted);
    expect(await named(proxied, { Forwarded: 'for=203.0.113.9;proto=https;host="reg.test:7107"' })).toEqual(
      wanted,
    );
  });

  test("the host that the client came to", async () => {
    const { host } = new URL(plain.url);
    expect(await named(plain, { "X-Forwarded-Host": "evil" })).toEqual([`${host}/lib/named`, plain.url]);
  });
});

describe("behind a proxy", () => {
  const anonymous = (berth: TestBerth, headers: Readonly<Record<string, string>>): Promise<Answer> =>
    exchange(berth, { path: "/v2/", headers: { authorization: "", host: "inside:5050", ...headers } });
  const realm = (url: string) => ({
    status: 401,
    answers: { "WWW-Authenticate": `Basic realm="${url}/",service="berth"` },
  });
  const forwarded = { "x-forwarded-proto": "https", "x-forwarded-host": "outside.example.com" };

  test("that is trusted, the client's scheme and host are the forwarded ones", async () => {
    expectAnswer(await anonymous(proxied, forwarded), realm("https://outside.example.com"));
    expectAnswer(await anonymous(proxied, {}), realm("http://inside:5050"));
  });

  test("that nobody trusts, forwarded headers count for nothing", async () => {
    expectAnswer(await anonymous(plain, forwarded), realm("http://inside:5050"));
  });

  test("the forwarded host selects the account", async () => {
    const path = "/v2/lib/app/tags/list";
    const headers = { "x-forwarded-host": "999999999999.dkr.ecr.us-east-1.example.com" };
    expectAnswer(await exchange(proxied, { path, headers }), {
      status: 403,
      says: "999999999999",
      code: "DENIED",
    });
  });

  test.each([
    ["203.0.113.9", "203.0.113.9"],
    ["198.51.100.1, 203.0.113.9", "203.0.113.9"],
    ["1.2.3.4, 203.0.113.9, 10.1.2.3", "203.0.113.9"],
    ["10.1.9.9, 10.1.2.3", "10.1.9.9"],
    ["::ffff:203.0.113.9", "203.0.113.9"],
    ["2001:db8::1", "2001:db8::1"],
    ["nonsense", "127.0.0.1"],
  ])("X-Forwarded-For: %s is the client %s", async (header, ip) => {
    const { headers } = await exchange(proxied, {
      method: "DELETE",
      path: "/v2/lib/app/manifests/v1",
      headers: { "x-forwarded-for": header },
    });
    const line = proxied.log.find(({ fields }) => fields["requestId"] === headers["x-request-id"]);
    expect(line?.fields["ip"]).toBe(ip);
  });
});

testExchanges(external, [
  {
    name: "the challenge names the external URL, not the host that a proxy made of it",
    path: "/v2/",
    headers: { authorization: "", host: "registry.example.com" },
    status: 401,
    answers: { "WWW-Authenticate": `Basic realm="${EXTERNAL}/",service="berth"` },
  },
  {
    name: "the challenge of a bearer host names the external URL",
    path: "/v2/",
    headers: { authorization: "", host: "bearer.example.com" },
    status: 401,
    answers: {
      "WWW-Authenticate": `Bearer realm="${EXTERNAL}/token",service="registry.example.com:8443"`,
    },
  },
  {
    name: "a host that names a registry stays itself: its uploads are no other's",
    method: "POST",
    path: "/v2/lib/account/blobs/uploads/",
    headers: { host: "000000000000.dkr.ecr.us-east-1.example.com" },
    status: 202,
    answers: {
      Location: /^https:\/\/000000000000\.dkr\.ecr\.us-east-1\.example\.com:8443\/v2\/lib\/account\//,
    },
  },
]);

function pathIn(location: string): string {
  return new URL(location, "http://any").pathname;
}
