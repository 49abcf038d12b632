import { afterAll, afterEach, describe, expect, test } from "vitest";
import { startTestBerth } from "../support/berth.ts";
import { exchange, expectAnswer } from "../support/exchange.ts";
import { digestOfText } from "../support/manifests.ts";
import { openSession, pushBlob, pushImage } from "../support/push.ts";
import { expectHealthy } from "./health.ts";
import { once, RawClient, requestText } from "./raw.ts";

const berth = await startTestBerth();
afterAll(() => berth.stop());
afterEach(() => expectHealthy(berth));

const AUTH = `Authorization: ${berth.authorization}`;
const CONTENT = "0123456789";
const DIGEST = await pushBlob(berth, "lib/app", CONTENT);
const IMAGE = await pushImage(berth, "lib/app", "v1", "hostile");
const BLOB = `/v2/lib/app/blobs/${DIGEST}`;

const raw = (method: string, target: string, headers: readonly string[] = [], body: string | Buffer = "") =>
  once(berth.url, requestText(method, target, [AUTH, ...headers], body), method);

describe("paths", () => {
  const TRICKS = [
    "/v2/../../etc/passwd/manifests/v1",
    "/v2/lib/../app/manifests/v1",
    "/v2/lib/./app/manifests/v1",
    "/v2//lib/app/manifests/v1",
    "//v2/lib/app/manifests/v1",
    "/v2/lib//app/manifests/v1",
    "/v2/lib/app//manifests/v1",
    "/v2/%2e%2e/%2e%2e/manifests/v1",
    "/v2/lib%2F..%2Fapp/manifests/v1",
    "/v2/lib%5c..%5capp/manifests/v1",
    "/v2/lib\\app/manifests/v1",
    "/v2/lib;x=1/app/manifests/v1",
    "/v2/lib/app;/manifests/v1",
    "/v2/lib/app/manifests/v1;a",
    "/v2/lib/app/manifests/%00",
    "/v2/lib%00/app/manifests/v1",
    "/v2/lib/app/manifests/v1%00",
    "/v2/lib/app/manifests/..",
    "/v2/lib/app/manifests/%2e%2e",
    "/v2/lib/app/manifests/v1%2f..",
    "/v2/lib/app/blobs/..",
    "/v2/lib/app/blobs/sha256:..%2f..%2fetc",
    "/v2/lib/app/blobs/uploads/..%2f..",
    "/v2/lib/app/blobs/uploads/%00",
    "/v2/%c0%ae%c0%ae/manifests/v1",
    "/v2/lib%ff/manifests/v1",
    "/v2/lib/app/manifests/%ff",
    "/v2/lib/app/manifests/%",
    "/v2/lib/app/manifests/%z1",
    "/v2/%/manifests/v1",
    "/v2/%e0%80/tags/list",
    "/v2/lib/app/tags/list%",
    "/v2/%u0041/tags/list",
    "/v2/lib/\xff\xfe/manifests/v1",
    "/v2/lib/app/referrers/%00",
    "/v2/.../manifests/v1",
    "/v2/~root/manifests/v1",
    "/v2/lib/app/manifests/",
    "/v2/manifests/v1",
    "/v2//manifests/v1",
    "/v2/lib/app/blobs/",
    "/.git/config",
    "/../../../etc/passwd",
    "/%2e%2e/%2e%2e/etc/passwd",
    "/metrics/../v2/",
    `/v2/${"a".repeat(10_000)}/manifests/v1`,
    `/v2/${"a/".repeat(5_000)}a/manifests/v1`,
    `/v2/${"a-".repeat(5_000)}/manifests/v1`,
    `/v2/lib/app/manifests/${"v".repeat(10_000)}`,
    `/v2/lib/app/blobs/sha256:${"a".repeat(10_000)}`,
    `/v2/lib/app/blobs/uploads/${"a".repeat(10_000)}`,
    `/v2/${"%61".repeat(3_000)}/manifests/v1`,
    `/v2/lib/app${"/manifests/v1".repeat(700)}`,
    `/v2${"/".repeat(10_000)}`,
    `/v2/x/blobs/${":".repeat(31_000)}/`,
    `/v2/x/blobs/${":".repeat(2_000)}/`,
    `/v2/${"/blobs/:".repeat(200)}/`,
  ];
  const METHODS = ["GET", "HEAD", "PUT", "DELETE", "PATCH", "POST"];

  test.each(TRICKS.map((path) => [path.length > 60 ? `${path.slice(0, 60)}… (${path.length})` : path, path]))(
    "%s is refused by every method",
    async (_, path) => {
      for (const method of METHODS) {
        const answer = await raw(method, path, ["Content-Length: 2"], "{}");
        expect(answer?.status, `${method} ${answer?.body}`).toBeGreaterThanOrEqual(400);
        expect(answer?.status, `${method} ${answer?.body}`).toBeLessThan(500);
      }
    },
  );

  test("without authorization tell nothing", async () => {
    for (const path of TRICKS.filter((trick) => trick.startsWith("/v2/"))) {
      const answer = await once(berth.url, requestText("GET", path));
      expect([400, 401, 414], path).toContain(answer?.status);
    }
  });

  test("of more than 2 KiB are refused before anybody is asked for, whatever the query", async () => {
    const at = (bytes: number, query = "") => raw("GET", `/v2/${"a".repeat(bytes - 4)}${query}`);
    expect((await at(2_048, `?${"a".repeat(10_000)}`))?.status).toBe(414);
    expect((await at(2_048, `?a=${"a".repeat(10_000)}`))?.status).toBe(404);
    const answer = await once(berth.url, requestText("GET", `/v2/${"a".repeat(2_045)}?x`));
    expect(answer?.status).toBe(414);
    expect(answer?.body.toString()).toContain("a path has at most 2048 bytes");
  });
});

describe("headers", () => {
  test("beyond 32 KiB are 431, also in pieces, and others are served meanwhile", async () => {
    const client = new RawClient(berth.url);
    client.send(`GET /v2/ HTTP/1.1\r\nHost: x\r\n`);
    for (let at = 0; at < 34; at++) client.send(`X-${at}: ${"x".repeat(1000)}\r\n`);
    expectAnswer(await exchange(berth, { path: "/v2/" }), { status: 200 });
    client.send("\r\n");
    expect((await client.answer())?.status).toBe(431);
    await client.closed;
  });

  test("of 30 KiB of Authorization are 401", async () => {
    for (const value of [`Basic ${"A".repeat(30_000)}`, `Basic ${"=".repeat(30_000)}`, "x".repeat(30_000)]) {
      expect((await once(berth.url, requestText("GET", "/v2/", [`Authorization: ${value}`])))?.status).toBe(
        401,
      );
    }
  });

  test.each([
    "",
    "Basic",
    "Basic ",
    "Basic AAAA",
    "Basic ////",
    "Basic =",
    `Basic ${Buffer.from("\0\0\0:\0").toString("base64")}`,
    `Basic ${Buffer.from("AKIATESTADMINISTRATOR").toString("base64")}`,
    `Basic ${Buffer.from("AKIATESTADMINISTRATOR:").toString("base64")}`,
    `Basic ${Buffer.from(`${"A".repeat(128)}:x`).toString("base64")}`,
    `Basic ${Buffer.from([0xff, 0xfe, 0x3a, 0xff]).toString("base64")}`,
    "Bearer x",
    "Basic\tAAAA",
    "basic \xff\xfe",
    "AWS4-HMAC-SHA256 Credential=",
  ])("Authorization: %j is 401", async (value) => {
    expect((await once(berth.url, requestText("GET", "/v2/", [`Authorization: ${value}`])))?.status).toBe(
      401,
    );
  });

  test("two thousand of them are 431 or less than they cost", async () => {
    const many = Array.from({ length: 3000 }, (_, at) => `A${at}: b`);
    expect([200, 400, 431]).toContain((await raw("GET", "/v2/", many))?.status);
  });

  test.each([
    ["two Content-Length", ["Content-Length: 1", "Content-Length: 2"], 400],
    ["two equal Content-Length", ["Content-Length: 1", "Content-Length: 1"], 400],
    ["Content-Length and Transfer-Encoding", ["Content-Length: 5", "Transfer-Encoding: chunked"], 400],
    ["Transfer-Encoding and Content-Length", ["Transfer-Encoding: chunked", "Content-Length: 5"], 400],
    ["two Transfer-Encoding", ["Transfer-Encoding: chunked", "Transfer-Encoding: identity"], 400],
    ["another Transfer-Encoding", ["Transfer-Encoding: gzip"], 400],
    ["Transfer-Encoding after a tab", ["Transfer-Encoding:\tchunked", "Content-Length: 5"], 400],
    ["a space before the colon", ["Content-Length : 5"], 400],
    ["a folded header", ["X-A: b", " Content-Length: 5"], 400],
    ["a negative Content-Length", ["Content-Length: -1"], 400],
    ["Content-Length with a sign", ["Content-Length: +1"], 400],
    ["Content-Length beyond 2^64", ["Content-Length: 99999999999999999999"], 400],
    ["hexadecimal Content-Length", ["Content-Length: 0x10"], 400],
    ["a bare carriage return", ["X-A: a\rContent-Length: 5"], 400],
    ["a NUL", ["X-A: a\0b"], 400],
    ["no colon", ["X-A"], 400],
  ])("%s: the request is refused and the connection ends", async (_, headers, status) => {
    const client = new RawClient(berth.url);
    client.send(
      requestText("POST", "/v2/lib/app/blobs/uploads/", [AUTH, ...headers], "0\r\n\r\nGET /v2/ HTTP/1.1\r\n"),
    );
    expect((await client.answer())?.status).toBe(status);
    expect((await client.rest()).toString()).toBe("");
  });

  test("of which the first counts where two come: Content-Type, Authorization", async () => {
    const { mediaType, bytes } = IMAGE;
    const put = (headers: readonly string[]) =>
      raw("PUT", "/v2/lib/app/manifests/twice", [...headers, `Content-Length: ${bytes.length}`], bytes);
    expect((await put([`Content-Type: ${mediaType}`, "Content-Type: text/html"]))?.status).toBe(201);
    expect((await put(["Content-Type: text/html", `Content-Type: ${mediaType}`]))?.status).toBe(400);
    const twice = requestText("GET", "/v2/", ["Authorization: Basic AAAA", AUTH]);
    expect((await once(berth.url, twice))?.status).toBe(401);
  });

  const say = (lines: string) => once(berth.url, `GET /v2/ HTTP/1.1\r\n${lines}${AUTH}\r\n\r\n`);

  test.each(["", "a".repeat(20_000), "000000000000.dkr.ecr..x", "[::1]:1", "a_b:80", "..", "%00", "a:"])(
    "Host: %s is no trouble",
    async (host) => {
      expect((await say(`Host: ${host}\r\n`))?.status).toBe(200);
    },
  );

  test.each(["\xff", 'x"y', "a b", "a/b", "a:b", "user@a", "http://a", "[::1", "a,b:1:2"])(
    "Host: %s is no host",
    async (host) => {
      expect((await say(`Host: ${host}\r\n`))?.status).toBe(400);
    },
  );

  test("without a Host, or with more than one, a request is refused", async () => {
    expect((await say(""))?.status).toBe(400);
    expect((await say("Host: a\r\nHost: b\r\n"))?.status).toBe(400);
    expect((await say("Host: a\r\nhost: a\r\n"))?.status).toBe(400);
  });
});

describe("ranges", () => {
  const whole = [200, CONTENT] as const;
  test.each([
    ["bytes=-1", 206, "9"],
    ["bytes=-99999999999999999999999999", 206, CONTENT],
    [`bytes=-${"9".repeat(400)}`, 206, CONTENT],
    [`bytes=${"9".repeat(400)}-`, 416, undefined],
    [`bytes=0-${"9".repeat(400)}`, 206, CONTENT],
    ["bytes=18446744073709551616-", 416, undefined],
    ["bytes=9223372036854775807-9223372036854775808", 416, undefined],
    ["bytes=10-", 416, undefined],
    ["bytes=5-4", 416, undefined],
    ["bytes=-0", 416, undefined],
    ["bytes=--1", ...whole],
    ["bytes=-1-2", ...whole],
    ["bytes=1e1-", ...whole],
    ["bytes=0x1-", ...whole],
    ["bytes=a-b", ...whole],
    ["bytes=", ...whole],
    ["bytes=-", ...whole],
    ["=", ...whole],
    [`bytes=${Array.from({ length: 2000 }, () => "0-").join(",")}`, 206, CONTENT],
    ["bytes=0-1,-1", 206, undefined],
    ["items=0-1", ...whole],
  ] as const)("Range: %s", async (range, status, body) => {
    const answer = await raw("GET", BLOB, [`Range: ${range}`]);
    expect(answer?.status).toBe(status);
    if (body !== undefined) expect(answer?.body.toString()).toBe(body);
    const head = await raw("HEAD", BLOB, [`Range: ${range}`]);
    expect(head?.status).toBe(200);
  });

  test("that are repeated are one or none", async () => {
    expect([200, 206]).toContain((await raw("GET", BLOB, ["Range: bytes=0-1", "Range: bytes=2-3"]))?.status);
  });

  test.each([
    ["-1-5", 400],
    ["5-1", 400],
    ["0-18446744073709551616", 400],
    ["9007199254740993-9007199254740995", 400],
    ["0-999999999999999", 400],
    ["999999999999998-999999999999999", 400],
    ["bytes */10", 400],
    ["a-b", 400],
    ["0x0-0x2", 400],
    ["", 400],
    ["0-2,5-7", 400],
    ["0-2\t/3", 400],
    [`0-${"9".repeat(5000)}`, 400],
    ["1-3", 416],
    ["999999999999997-999999999999999", 416],
    ["0-2/99999999999999999999999999", 202],
  ])("Content-Range: %s of three bytes is %i", async (range, status) => {
    const session = await openSession(berth, "lib/app");
    const answer = await raw("PATCH", session, [`Content-Range: ${range}`, "Content-Length: 3"], "abc");
    expect(answer?.status, String(answer?.body)).toBe(status);
    const { headers } = await exchange(berth, { path: session });
    expect(headers["range"]).toBe(status === 202 ? "0-2" : "0-0");
    const digest = digestOfText("abc");
    if (status !== 202) {
      const put = await raw(
        "PUT",
        `${session}?digest=${digest}`,
        [`Content-Range: ${range}`, "Content-Length: 3"],
        "abc",
      );
      expect(put?.status, String(put?.body)).toBe(status);
    }
  });

  test.each([
    ["999999999999998-999999999999999", 416],
    ["9007199254740993-9007199254740995", 400],
    ["99999999999999999999999-99999999999999999999999", 400],
    [`${"9".repeat(400)}-${"9".repeat(400)}`, 400],
    ["-5--3", 400],
    ["0-999999999999999", 400],
    ["0-1", 400],
    ["0-2", 202],
  ])("Content-Range: %s of a chunked body of three bytes is %i", async (range, status) => {
    const session = await openSession(berth, "lib/app");
    const headers = [`Content-Range: ${range}`, "Transfer-Encoding: chunked"];
    const answer = await raw("PATCH", session, headers, "3\r\nabc\r\n0\r\n\r\n");
    expect(answer?.status, String(answer?.body)).toBe(status);
    const { headers: state } = await exchange(berth, { path: session });
    expect(state["range"]).toBe(status === 202 ? "0-2" : "0-0");
  });

  test("that are repeated in Content-Range are one or refused", async () => {
    const session = await openSession(berth, "lib/app");
    const both = ["Content-Range: 0-2", "Content-Range: 3-5", "Content-Length: 3"];
    expect([202, 400]).toContain((await raw("PATCH", session, both, "abc"))?.status);
  });
});

describe("queries", () => {
  test.each([
    ["n=-1", 400],
    ["n=1e9", 400],
    ["n=1000000000", 200],
    ["n=999999999999999", 200],
    ["n=9999999999999999999999", 400],
    ["n=0x10", 400],
    ["n=1.5", 400],
    ["n=", 400],
    ["n=%00", 400],
    ["n=NaN", 400],
    ["n=0", 200],
    ["n=1&n=2", 200],
    ["last=%00", 400],
    ["last=%ff%fe", 200],
    [`last=${"x".repeat(20_000)}`, 200],
    ["last=%F0%9F%98%80&n=5", 200],
    ["last='%3B%20DROP%20TABLE%20tags%3B--", 200],
    ["=&&&==&", 200],
    ["%=%&%z", 200],
    ["__proto__=1&constructor=2", 200],
  ])("%s of both lists is %i", async (query, status) => {
    for (const path of ["/v2/_catalog", "/v2/lib/app/tags/list"]) {
      const answer = await raw("GET", `${path}?${query}`);
      expect(answer?.status, String(answer?.body)).toBe(status);
    }
  });

  test("of a thousand parameters are served, and of more refused", async () => {
    const query = Array.from({ length: 1_000 }, (_, at) => `${at}=`).join("&");
    for (const path of ["/v2/_catalog", "/v2/lib/app/tags/list", BLOB, "/v2/lib/app/manifests/v1", "/v2/"]) {
      expect((await raw("GET", `${path}?${query}`))?.status, path).toBe(200);
      expect((await raw("GET", `${path}?${query}&a`))?.status, path).toBe(414);
    }
    expect((await raw("POST", `/v2/lib/app/blobs/uploads/?${"mount=x&from=y&".repeat(500)}`))?.status).toBe(
      400,
    );
  });

  test.each([
    "artifactType=%00",
    "artifactType=%ff",
    "artifactType=*",
    "artifactType=%25",
    "artifactType='",
    "artifactType=a&artifactType=b",
    `artifactType=${"x".repeat(20_000)}`,
    "last=-1",
    "last=99999999999999999999",
    "last=1e9",
    "n=-1",
    "n=0",
    "n=1e9",
    "artifactType=a%0d%0aX-Evil:%201",
  ])("referrers?%s is no trouble", async (query) => {
    const answer = await raw("GET", `/v2/lib/app/referrers/${DIGEST}?${query}`);
    expect([200, 400], String(answer?.body)).toContain(answer?.status);
    expect(answer?.head).not.toMatch(/^x-evil/im);
  });

  test.each([
    ["mount=sha256:abc", 400],
    ["mount=", 202],
    [`mount=${DIGEST}&from=../..`, 202],
    [`mount=${DIGEST}&from=%00`, 400],
    [`mount=${DIGEST}&from=${"a".repeat(10_000)}`, 202],
    ["digest=", 202],
    [`digest=${DIGEST.toUpperCase()}`, 400],
    [`digest=${DIGEST.replace("sha256", "SHA256")}`, 400],
    [`digest=sha256:${DIGEST.slice(7).toUpperCase()}`, 400],
    [`digest=${DIGEST}0`, 400],
    [`digest=${DIGEST.slice(0, -1)}`, 400],
    [`digest=${DIGEST.replace("sha256", "sha512")}`, 400],
    [`digest=md5:${"0".repeat(32)}`, 400],
    ["digest=sha256:", 400],
    [`digest=:${"0".repeat(64)}`, 400],
    [`digest=%20${DIGEST}`, 400],
    [`digest=${DIGEST}%0a`, 400],
    ["digest-algorithm=sha1", 400],
    ["digest-algorithm=constructor", 400],
    ["digest-algorithm=%00", 400],
  ])("POST of an upload with %s is %i", async (query, status) => {
    const answer = await raw("POST", `/v2/lib/app/blobs/uploads/?${query}`, ["Content-Length: 0"]);
    expect(answer?.status, String(answer?.body)).toBe(status);
  });
});

describe("methods", () => {
  test.each(["TRACE", "PROPFIND", "LINK", "SEARCH", "M-SEARCH", "QUERY", "PURGE"])(
    "%s is refused, everywhere",
    async (method) => {
      for (const path of ["/v2/", BLOB, "/v2/lib/app/manifests/v1", "/healthz", "/", "*"]) {
        const answer = await raw(method, path);
        expect([400, 404, 405], path).toContain(answer?.status);
        expect(answer?.body.toString() ?? "").not.toContain(berth.authorization);
      }
    },
  );

  test.each(["BREW", "get", "G\0T", "", "GETGETGETGETGETGETGETGETGET"])("%j is no method", async (method) => {
    expect((await raw(method, "/v2/"))?.status).toBe(400);
  });

  test("CONNECT ends the connection", async () => {
    const client = new RawClient(berth.url);
    client.send(requestText("CONNECT", "localhost:22", [AUTH]));
    await client.closed;
  });

  test("Upgrade is not taken up", async () => {
    for (const protocol of ["websocket", "h2c", "TLS/1.0"]) {
      const answer = await raw("GET", "/v2/", ["Connection: Upgrade", `Upgrade: ${protocol}`]);
      expect(answer?.status).toBe(200);
    }
    expect((await once(berth.url, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"))?.status).toBe(400);
  });

  test("HTTP/1.0 is answered, and the connection ends", async () => {
    const client = new RawClient(berth.url);
    client.send(`GET /v2/lib/app/manifests/v1 HTTP/1.0\r\n${AUTH}\r\n\r\n`);
    const answer = await client.answer();
    expect(answer?.status).toBe(200);
    expect(answer?.body.equals(IMAGE.bytes)).toBe(true);
    await client.closed;
  });

  test("absolute targets are read by their path", async () => {
    const answer = await raw("GET", `http://elsewhere.example${BLOB}`);
    expect(answer?.status).toBe(200);
    expect((await raw("GET", "http://elsewhere.example"))?.status).toBe(200);
    const catalog = await raw("OPTIONS", "HTTPS://elsewhere.example/v2/_catalog?n=1");
    expect(catalog?.status).toBe(204);
    expect(catalog?.head).toContain("Allow: GET, HEAD, OPTIONS");
    expect((await raw("OPTIONS", "http://elsewhere.example:80"))?.head).toContain(
      "Allow: GET, HEAD, POST, PUT",
    );
    const form = "Action=GetCallerIdentity&Version=2011-06-15";
    const type = "Content-Type: application/x-www-form-urlencoded";
    const call = await raw(
      "POST",
      "http://elsewhere.example/",
      [type, `Content-Length: ${form.length}`],
      form,
    );
    expect(call?.body.toString()).toContain("<ErrorResponse");
  });

  test.each(["http://[broken/v2/", "http:///v2/", "http://user@host/v2/", "ftp://host/v2/", "v2/", "*"])(
    "the target %s is none",
    async (target) => {
      expect((await raw("GET", target))?.status).toBe(400);
    },
  );

  test("another major version of HTTP is refused", async () => {
    const answer = await once(berth.url, `GET /v2/ HTTP/2.0\r\nHost: x\r\n\r\n`);
    expect(answer?.status).toBe(505);
  });

  test("HEAD has no body anywhere", async () => {
    const paths = [
      "/v2/",
      "/v2/_catalog",
      BLOB,
      "/v2/lib/app/manifests/v1",
      "/v2/lib/app/manifests/none",
      "/v2/lib/app/tags/list",
    ];
    const more = [
      `/v2/lib/app/referrers/${DIGEST}`,
      "/v2/NO/tags/list",
      "/v2/none/tags/list",
      "/healthz",
      "/readyz",
      "/metrics",
      "/",
      "/v2/x",
    ];
    for (const path of [...paths, ...more, await openSession(berth, "lib/app")]) {
      for (const headers of [[AUTH], []]) {
        const client = new RawClient(berth.url);
        client.send(requestText("HEAD", path, [...headers, "Connection: close"]));
        const answer = await client.answer("HEAD");
        expect(answer?.status, path).toBeLessThan(500);
        expect((await client.rest()).toString(), path).toBe("");
      }
    }
  });
});

describe("connections", () => {
  test("with pipelined requests answer them in order", async () => {
    const client = new RawClient(berth.url);
    const targets = ["/v2/lib/app/manifests/v1", BLOB, "/v2/none/tags/list", "/v2/", "/v2/NO/manifests/v1"];
    for (let at = 0; at < 50; at++) client.send(requestText("GET", targets[at % 5] ?? "", [AUTH]));
    for (let at = 0; at < 50; at++) {
      expect((await client.answer())?.status, `${at}`).toBe([200, 200, 404, 200, 400][at % 5]);
    }
    client.close();
  });

  test("with a body on GET, HEAD and DELETE stay in step", async () => {
    const client = new RawClient(berth.url);
    for (const body of [["Content-Length: 5"], ["Transfer-Encoding: chunked"]]) {
      for (const method of ["GET", "HEAD", "DELETE"]) {
        const bytes = body[0]?.startsWith("T") ? "5\r\nhello\r\n0\r\n\r\n" : "hello";
        client.send(requestText(method, "/v2/lib/app/manifests/none", [AUTH, ...body], bytes));
        expect((await client.answer(method))?.status, `${method} ${body}`).toBe(404);
      }
    }
    client.close();
  });

  test("whose body on GET never ends are closed", async () => {
    for (const path of [BLOB, "/v2/_catalog"]) {
      const client = new RawClient(berth.url);
      client.send(requestText("GET", path, [AUTH, "Content-Length: 1000000"], "a"));
      expect((await client.answer())?.status).toBe(200);
      await client.closed;
    }
  });

  test("that do nothing are no trouble, two hundred of them", async () => {
    const idle = Array.from({ length: 200 }, () => new RawClient(berth.url));
    for (const client of idle.slice(0, 100)) client.send("GET /v2/ HTT");
    const started = performance.now();
    expectAnswer(await exchange(berth, { path: BLOB }), { status: 200, content: CONTENT });
    expect(performance.now() - started).toBeLessThan(1_000);
    for (const client of idle) client.close();
  });
});

describe("chunked bodies", () => {
  const patch = async (bytes: string): Promise<number | undefined> => {
    const session = await openSession(berth, "lib/app");
    const client = new RawClient(berth.url);
    client.send(requestText("PATCH", session, [AUTH, "Transfer-Encoding: chunked"], bytes));
    const answer = await client.answer();
    client.close();
    return answer?.status;
  };

  test("may carry extensions and trailers", async () => {
    expect(await patch('3;name=value;other="x"\r\nabc\r\n0\r\nX-Trailer: 1\r\n\r\n')).toBe(202);
  });

  test.each([
    ["extensions without end", `3;${"x".repeat(40_000)}`],
    ["a size that overflows", "fffffffffffffffff\r\nabc"],
    ["a negative size", "-3\r\nabc\r\n0\r\n\r\n"],
    ["a size that is none", "zz\r\nabc\r\n0\r\n\r\n"],
    ["a chunk without its end", "3\r\nabcdef\r\n0\r\n\r\n"],
    ["trailers without end", `0\r\n${"X-Trailer: aaaaaaaaaaaaaaaa\r\n".repeat(4000)}`],
  ])("with %s are refused", async (_, bytes) => {
    const status = await patch(bytes);
    expect([400, 413, 431, undefined]).toContain(status);
  });
});
