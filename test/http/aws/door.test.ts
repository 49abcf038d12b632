import { createHash } from "node:crypto";
import { BlockList } from "node:net";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { AwsError } from "../../../src/http/aws/aws-error.ts";
import type { AwsCall, Handlers, UnsignedCall } from "../../../src/http/aws/call.ts";
import { faultOf } from "../../../src/http/on-error.ts";
import { RegistryError } from "../../../src/registry/errors.ts";
import { signInHeader, signInQuery, type ToSign } from "../../iam/sigv4/signer.ts";
import {
  ACCOUNT,
  type AwsServer,
  annaWith,
  answerOf,
  callJson,
  callQuery,
  KEY_ID,
  REGION,
  SECRET,
  startAwsServer,
  USER_ARN,
} from "./support/aws-server.ts";

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const JSON_TYPE = "application/x-amz-json-1.1";
const VERSION = "2010-05-08";

let server: AwsServer;
let seen: (AwsCall | UnsignedCall)[];

const handlers: Handlers = {
  ecr: {
    DescribeRegistry: async (call) => {
      seen.push(call);
      return { registryId: call.account };
    },
    GetLifecyclePolicy: async () => {
      throw new Error("a secret of the house");
    },
    PutImage: async (_, input) => ({ image: { imageManifest: String(input.imageManifest.length) } }),
    UploadLayerPart: async (_, { layerPartBlob }) => ({ lastByteReceived: layerPartBlob.length - 1 }),
    DeleteRepository: async (_, { repositoryName }) => {
      throw new RegistryError("NAME_UNKNOWN", `no ${repositoryName}`);
    },
    ListImages: () => new Promise(() => undefined),
  },
  iam: {
    GetUser: async (_, { UserName }) => {
      throw new AwsError("NoSuchEntityException", `The user with name ${UserName} cannot be found.`);
    },
    DeleteUser: async (call) => void seen.push(call),
    ListUsers: async (call) => {
      await call.authorize("*", { "aws:TagKeys": ["a"] });
      return { Users: [], IsTruncated: false };
    },
  },
  sts: {
    GetCallerIdentity: async (call) => ({ Account: call.account, Arn: call.principal.arn, UserId: "id" }),
    AssumeRoleWithWebIdentity: async (call, { RoleArn }) => {
      seen.push(call);
      return { Provider: RoleArn };
    },
  },
};

beforeEach(async () => {
  seen = [];
  server = await startAwsServer({ handlers, door: { callMax: 2_000 } });
});
afterEach(() => server[Symbol.asyncDispose]());

const queryError = (code: string, message: string): string =>
  `<Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error>`;

describe("JSON 1.1", () => {
  test("a call is answered with its request id and its content type", async () => {
    const answer = await callJson(
      server,
      "DescribeRegistry",
      {},
      { headers: headersFor("DescribeRegistry", { "User-Agent": "cli/1" }) },
    );
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({ registryId: ACCOUNT });
    expect(answer.headers.get("content-type")).toBe(JSON_TYPE);
    expect(answer.headers.get("x-amzn-requestid")).toMatch(UUID);
    expect(answer.headers.has("docker-distribution-api-version")).toBe(false);
    expect(seen).toEqual([
      expect.objectContaining({
        service: "ecr",
        operation: "DescribeRegistry",
        requestId: answer.headers.get("x-amzn-requestid"),
        principal: annaWith(KEY_ID),
        account: ACCOUNT,
        region: REGION,
        context: {
          ...{ region: REGION, sourceIp: "127.0.0.1", secureTransport: false, userAgent: "cli/1" },
          time: server.clock.now(),
        },
        credentialsEnd: undefined,
      }),
    ]);
  });

  test("the log names the request as its client was told, the operation and the caller", async () => {
    const answer = await callJson(server, "DescribeRegistry", {});
    expect(server.exchanges[0]).toMatchObject({
      id: answer.headers.get("x-amzn-requestid"),
      route: "ecr.DescribeRegistry",
      principal: USER_ARN,
      client: { ip: "127.0.0.1" },
      error: undefined,
    });
  });

  test.each([
    ["Unknown.DescribeRegistry", "X-Amz-Target names no operation that is known here"],
    ["DescribeRegistry", "X-Amz-Target names no operation that is known here"],
    ["AmazonEC2ContainerRegistry_V20150921.Nothing", "ecr has no operation Nothing"],
    ["AmazonEC2ContainerRegistry_V20150921.describeRegistry", "ecr has no operation describeRegistry"],
    ["AmazonEC2ContainerRegistry_V20150921.constructor", "ecr has no operation constructor"],
    [
      "AmazonEC2ContainerRegistry_V20150921.DescribeImages",
      "The operation DescribeImages of ecr is not implemented here",
    ],
    ["AmazonEC2ContainerServiceV20141113.RunTask", "The operation RunTask of ecs is not implemented here"],
  ])("the target %s", async (target, message) => {
    const answer = await callJson(server, "", {}, { target });
    expect(answer.status).toBe(400);
    expect(answer.headers.get("x-amzn-errortype")).toBe("UnknownOperationException");
    expect(answer.body).toEqual({ __type: "UnknownOperationException", message });
  });

  test("a JSON body without a target", async () => {
    const response = await fetch(server.url, {
      method: "POST",
      headers: { "Content-Type": JSON_TYPE },
      body: "{}",
    });
    expect((await answerOf(response)).body["__type"]).toBe("UnknownOperationException");
  });

  test("an empty body is an empty input", async () => {
    expect((await callJson(server, "DescribeRegistry", "")).status).toBe(200);
  });

  test("a body that is no JSON", async () => {
    const { status, body } = await callJson(server, "DescribeRegistry", "{");
    expect([status, body["__type"]]).toEqual([400, "SerializationException"]);
  });

  test("an input that breaks the model", async () => {
    const { status, body } = await callJson(server, "PutImage", { repositoryName: "app" });
    expect([status, body]).toEqual([
      400,
      {
        __type: "InvalidParameterException",
        message:
          "Invalid parameter at 'imageManifest' failed to satisfy constraint: 'Member must not be null'",
      },
    ]);
  });

  test("an error of the domain, under ECR's name", async () => {
    const { body } = await callJson(server, "DeleteRepository", { repositoryName: "app" });
    expect(body).toEqual({ __type: "RepositoryNotFoundException", message: "no app" });
    expect(faultOf(server.exchanges[0]?.error)).toBe("caller");
  });

  test("a bug is 500, hidden behind the request id, and whole in the log", async () => {
    const answer = await callJson(server, "GetLifecyclePolicy", { repositoryName: "app" });
    const id = answer.headers.get("x-amzn-requestid");
    expect(answer.status).toBe(500);
    expect(answer.body).toEqual({
      __type: "ServerException",
      message: `An internal error occurred; the log has it under request id ${id}`,
    });
    expect(faultOf(server.exchanges[0]?.error)).toBe("bug");
    expect(server.exchanges[0]?.error).toHaveProperty("message", "a secret of the house");
  });

  test("a handler that takes too long", async () => {
    const { status, body } = await callJson(server, "ListImages", { repositoryName: "app" });
    expect([status, body["__type"]]).toEqual([503, "ServiceUnavailable"]);
    expect(faultOf(server.exchanges[0]?.error)).toBe("dependency");
  });
});

describe("limits of bodies", () => {
  const MIB = 1024 * 1024;

  test("1 MiB for most operations", async () => {
    const { status, body } = await callJson(server, "DescribeRegistry", " ".repeat(MIB + 1));
    expect([status, body["__type"]]).toEqual([413, "RequestEntityTooLargeException"]);
  });

  test("more for those that carry content", async () => {
    const imageManifest = "x".repeat(4 * MIB);
    const { body } = await callJson(server, "PutImage", { repositoryName: "app", imageManifest });
    expect(body).toEqual({ image: { imageManifest: "4194304" } });
  });

  test("a part of 20 MiB in base64, and no byte more", async () => {
    const part = (bytes: number): unknown => ({
      repositoryName: "app",
      uploadId: "0f6d2a3c-1111-2222-3333-444455556666",
      partFirstByte: 0,
      partLastByte: bytes - 1,
      layerPartBlob: Buffer.alloc(bytes, 0xfb).toString("base64"),
    });
    expect((await callJson(server, "UploadLayerPart", part(20 * MIB))).body).toEqual({
      lastByteReceived: 20 * MIB - 1,
    });
    expect((await callJson(server, "UploadLayerPart", part(20 * MIB + 1))).body["__type"]).toBe(
      "InvalidParameterException",
    );
  });

  test("an unknown key is refused before its body has come", async () => {
    const [{ request }, signed] = [
      await import("node:http"),
      signedFor("PutImage", { keyId: "AKIAUNKNOWN" }),
    ];
    const status = await new Promise((resolve, reject) => {
      const headers = { ...signed.headers, "Content-Length": String(4 * MIB) };
      const outgoing = request(server.url, { method: "POST", headers }, ({ statusCode }) =>
        resolve(statusCode),
      );
      outgoing.on("error", reject);
      outgoing.write("{");
    });
    expect(status).toBe(400);
  });

  test("a body that never ends", async () => {
    const [{ request }, signed] = [await import("node:http"), signedFor("PutImage")];
    const status = await new Promise((resolve, reject) => {
      const headers = { ...signed.headers, "Content-Length": "100" };
      const outgoing = request(server.url, { method: "POST", headers }, ({ statusCode }) =>
        resolve(statusCode),
      );
      outgoing.on("error", reject);
      outgoing.write("{");
    });
    expect(status).toBe(503);
  });

  test("1 MiB for forms", async () => {
    const { status, xml } = await callQuery(server, {
      Action: "DeleteUser",
      Version: VERSION,
      X: "x".repeat(MIB),
    });
    expect([status, xml]).toEqual([413, expect.stringContaining("<Code>RequestEntityTooLarge</Code>")]);
  });
});

describe("Query", () => {
  test("an operation without output answers with its metadata alone", async () => {
    const { status, headers, xml } = await callQuery(server, {
      Action: "DeleteUser",
      Version: VERSION,
      UserName: "u",
    });
    const id = headers.get("x-amzn-requestid");
    expect([status, headers.get("content-type")]).toEqual([200, "text/xml"]);
    expect(id).toMatch(UUID);
    expect(xml).toBe(
      `<DeleteUserResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><ResponseMetadata><RequestId>${id}</RequestId></ResponseMetadata></DeleteUserResponse>\n`,
    );
  });

  test("an operation with output wraps it", async () => {
    const { xml } = await callQuery(server, { Action: "ListUsers", Version: VERSION });
    expect(xml).toContain(
      "<ListUsersResult><IsTruncated>false</IsTruncated><Users></Users></ListUsersResult>",
    );
  });

  test("an error of the model, by its code and status", async () => {
    const { status, xml } = await callQuery(server, { Action: "GetUser", Version: VERSION, UserName: "zed" });
    expect(status).toBe(404);
    expect(xml).toContain(queryError("NoSuchEntity", "The user with name zed cannot be found."));
  });

  test("without a version the credential's scope says which service", async () => {
    expect((await callQuery(server, { Action: "DeleteUser", UserName: "u" })).status).toBe(200);
  });

  test.each([
    [{}, "MissingAction", "The request must contain the parameter Action"],
    [
      { Action: "Nothing", Version: VERSION },
      "InvalidAction",
      `Could not find operation Nothing for version ${VERSION}`,
    ],
    [
      { Action: "GetUser", Version: "1999-01-01" },
      "InvalidAction",
      "Could not find operation GetUser for version 1999-01-01",
    ],
    [
      { Action: "toString", Version: VERSION },
      "InvalidAction",
      `Could not find operation toString for version ${VERSION}`,
    ],
    [
      { Action: "CreateGroup", Version: VERSION, GroupName: "g" },
      "InvalidAction",
      "The operation CreateGroup of iam is not implemented here",
    ],
    [
      { Action: "GetUser", Version: VERSION, UserName: "a b" },
      "ValidationError",
      "1 validation error detected: Value &#39;a b&#39; at &#39;userName&#39; failed to satisfy constraint: Member must satisfy regular expression pattern: [\\w+=,.@-]+",
    ],
    [
      { Action: "ListUsers", Version: VERSION, MaxItems: "x" },
      "MalformedInput",
      "The value at MaxItems is no number",
    ],
  ])("%j is refused as %s", async (parameters, code, message) => {
    const { status, xml } = await callQuery(server, parameters as Record<string, string>);
    expect(status).toBe(400);
    expect(xml).toContain(queryError(code, message));
  });

  test("an operation without an action, and nobody says for which version", async () => {
    const response = await fetch(server.url, {
      method: "POST",
      body: new URLSearchParams({ Action: "GetUser" }),
    });
    expect(await response.text()).toContain(
      "Could not find operation GetUser for version NO_VERSION_SPECIFIED",
    );
  });

  test("an operation that AWS asks no signature for", async () => {
    const parameters = {
      Action: "AssumeRoleWithWebIdentity",
      Version: "2011-06-15",
      RoleArn: "arn:aws:iam::123456789012:role/r",
      RoleSessionName: "session",
      WebIdentityToken: "token",
    };
    const response = await fetch(server.url, { method: "POST", body: new URLSearchParams(parameters) });
    expect(await response.text()).toContain("<Provider>arn:aws:iam::123456789012:role/r</Provider>");
    expect(seen[0]).toMatchObject({ principal: { kind: "anonymous" }, account: ACCOUNT, region: REGION });
  });
});

describe("a form that is too much", () => {
  const post = (body: string, headers: Readonly<Record<string, string>> = {}) =>
    fetch(server.url, { method: "POST", body, headers });

  test("of more than 64 KiB from whoever signs nothing", async () => {
    const answer = await post(`Action=GetUser&x=${"x".repeat(64 * 1024)}`);
    expect(answer.status).toBe(413);
    expect(await answer.text()).toContain("RequestEntityTooLarge");
  });

  test("of more parameters than any operation takes, before anything else of it is looked at", async () => {
    const answer = await post("a&".repeat(4_001));
    expect(answer.status).toBe(413);
    expect(await answer.text()).toContain("a form may not have more than 4000 parameters");
  });

  test("in the query string", async () => {
    const answer = await fetch(`${server.url}/?Action=GetUser${"&a".repeat(1_000)}`);
    expect(answer.status).toBe(414);
    expect(await answer.text()).toContain("a query may not have more than 1000 parameters");
  });
});

describe("who may knock", () => {
  const IDENTITY = { Action: "GetCallerIdentity", Version: "2011-06-15" };
  const presign = (changed: Partial<ToSign> = {}): string =>
    signInQuery({
      method: "GET",
      parameters: Object.entries(IDENTITY),
      headers: { Host: server.host },
      keyId: KEY_ID,
      secret: SECRET,
      region: REGION,
      service: "sts",
      date: server.clock.now(),
      ...changed,
    }).path;

  test("STS takes a presigned GET", async () => {
    const response = await fetch(server.url + presign());
    expect(await response.text()).toContain(`<Arn>${USER_ARN}</Arn>`);
  });

  test("a presigned GET ends when it says", async () => {
    const path = presign();
    server.clock.advance(61_000);
    const response = await fetch(server.url + path);
    expect(response.status).toBe(403);
    const text = await response.text();
    expect(text).toContain("<Code>SignatureDoesNotMatch</Code>");
    expect(text).toContain("- 60 sec.)");
  });

  test("with another header signed, as Kubernetes authenticators do", async () => {
    const headers = { Host: server.host, "x-k8s-aws-id": "cluster" };
    const response = await fetch(server.url + presign({ headers }), { headers });
    expect(response.status).toBe(200);
  });

  test("STS and IAM take any region; ECR takes those that are served", async () => {
    for (const region of ["us-east-1", "ap-southeast-7", "us-gov-west-1"])
      expect((await callQuery(server, IDENTITY, { service: "sts", region })).status).toBe(200);
    const { xml } = await callQuery(server, IDENTITY, { service: "sts", region: "mars" });
    expect(xml).toContain("Credential should be scoped to a valid region, not &#39;mars&#39;.");
    const { body } = await callJson(server, "DescribeRegistry", {}, { region: "us-east-1" });
    expect(body).toEqual({
      __type: "InvalidSignatureException",
      message: "Credential should be scoped to a valid region, not 'us-east-1'.",
    });
  });

  test("IAM takes nothing presigned", async () => {
    const parameters = [
      ["Action", "ListUsers"],
      ["Version", VERSION],
    ] as const;
    const response = await fetch(server.url + presign({ parameters, service: "iam", region: "us-east-1" }));
    expect(response.status).toBe(403);
    expect(await response.text()).toContain("<Code>IncompleteSignature</Code>");
  });

  test("nor does ECR", async () => {
    const { path } = signInQuery({ ...toSign("DescribeRegistry"), method: "POST" });
    const response = await fetch(server.url + path, {
      method: "POST",
      headers: headersFor("DescribeRegistry"),
      body: "{}",
    });
    expect((await answerOf(response)).body["__type"]).toBe("IncompleteSignatureException");
  });

  test.each([
    ["no credentials", {}, 400, "MissingAuthenticationTokenException"],
    ["half of them", { Authorization: "AWS4-HMAC-SHA256 Credential=x" }, 400, "IncompleteSignatureException"],
  ])("%s, in JSON", async (_, headers, status, code) => {
    const response = await fetch(server.url, {
      method: "POST",
      headers: { ...headersFor("DescribeRegistry"), ...headers },
      body: "{}",
    });
    const answer = await answerOf(response);
    expect([answer.status, answer.body["__type"], answer.headers.get("x-amzn-errortype")]).toEqual([
      status,
      code,
      code,
    ]);
  });

  test.each([
    ["an unknown key", { keyId: "AKIAUNKNOWN" }, "UnrecognizedClientException", "InvalidClientTokenId"],
    ["another secret", { secret: "x" }, "InvalidSignatureException", "SignatureDoesNotMatch"],
    ["a token that nobody gave", { token: "x" }, "UnrecognizedClientException", "InvalidClientTokenId"],
    [
      "an old signature",
      { date: new Date("2029-12-31T23:00:00Z") },
      "InvalidSignatureException",
      "SignatureDoesNotMatch",
    ],
  ])("%s", async (_, changed, jsonCode, queryCode) => {
    const json = await callJson(server, "DescribeRegistry", {}, changed);
    expect([json.status, json.body["__type"]]).toEqual([400, jsonCode]);
    const query = await callQuery(server, { Action: "DeleteUser", Version: VERSION, UserName: "u" }, changed);
    expect(query.status).toBe(403);
    expect(query.xml).toContain(`<Code>${queryCode}</Code>`);
    expect(seen).toEqual([]);
  });

  test("no credentials, in Query", async () => {
    const response = await fetch(server.url, { method: "POST", body: new URLSearchParams(IDENTITY) });
    expect(response.status).toBe(403);
    expect(await response.text()).toContain(
      queryError("MissingAuthenticationToken", "Request is missing Authentication Token"),
    );
  });

  test("a session past its time", async () => {
    server.credentials.set("ASIASESSION", {
      secret: SECRET,
      principal: annaWith("ASIASESSION"),
      sessionTokenHash: createHash("sha256").update("t").digest("hex"),
      expiresAt: server.clock.now(),
    });
    const changed = { keyId: "ASIASESSION", token: "t" };
    const json = await callJson(server, "DescribeRegistry", {}, changed);
    expect(json.body).toEqual({
      __type: "ExpiredTokenException",
      message: "The security token included in the request is expired",
    });
    const query = await callQuery(server, IDENTITY, { ...changed, service: "sts" });
    expect([query.status, query.xml]).toEqual([403, expect.stringContaining("<Code>ExpiredToken</Code>")]);
  });

  test("a denial of the action that is called like the operation", async () => {
    server.denied.set("iam:ListUsers", "User: x is not authorized");
    const { status, xml } = await callQuery(server, { Action: "ListUsers", Version: VERSION });
    expect(status).toBe(403);
    expect(xml).toContain(queryError("AccessDenied", "User: x is not authorized"));
    expect(server.asked).toEqual([
      expect.objectContaining({
        action: "iam:ListUsers",
        resource: "*",
        conditions: { "aws:TagKeys": ["a"] },
      }),
    ]);
  });

  test("no secret is in an answer or in the log", async () => {
    const wrong = "another-secret-key";
    const json = await callJson(server, "DescribeRegistry", {}, { secret: wrong, token: "session-token" });
    const query = await callQuery(server, IDENTITY, { secret: wrong, service: "sts" });
    const told = JSON.stringify([
      json.body,
      query.xml,
      server.exchanges,
      server.exchanges.map(({ error }) => String(error)),
    ]);
    for (const secret of [
      SECRET,
      wrong,
      "session-token",
      ...server.mismatches.map(({ expected }) => expected),
    ]) {
      expect(told).not.toContain(secret);
    }
    expect(server.mismatches).toHaveLength(1);
  });
});

test.each([
  ["GET", "/"],
  ["GET", "/?Version=1"],
  ["PUT", "/?Action=x"],
  ["POST", "/v2/"],
  ["POST", "//"],
])("%s %s is for others", async (method, path) => {
  expect((await fetch(server.url + path, { method })).status).toBe(404);
});

describe("behind a proxy", () => {
  const PUBLIC = "123456789012.dkr.ecr.eu-north-1.example:8443";

  async function statusVia(
    headers: Record<string, string>,
    door: { trusted: boolean; externalUrl?: string },
  ): Promise<number> {
    const trustedProxies = new BlockList();
    if (door.trusted) trustedProxies.addAddress("127.0.0.1");
    await using proxied = await startAwsServer({
      handlers,
      whereabouts: { trustedProxies, externalUrl: door.externalUrl },
    });
    const signed = signInHeader({
      ...toSign("DescribeRegistry"),
      headers: headersFor("DescribeRegistry", { Host: PUBLIC }),
    });
    const { Host: _, ...rest } = signed.headers;
    const response = await fetch(proxied.url, {
      method: "POST",
      headers: { ...rest, ...headers },
      body: "{}",
    });
    return response.status;
  }

  test("the forwarded host counts when the proxy is trusted", async () => {
    expect(await statusVia({ "X-Forwarded-Host": PUBLIC }, { trusted: true })).toBe(200);
    expect(await statusVia({ "X-Forwarded-Host": PUBLIC }, { trusted: false })).toBe(400);
  });

  test("a proxy that forwards no host needs the external URL", async () => {
    expect(await statusVia({}, { trusted: false, externalUrl: `https://${PUBLIC}` })).toBe(200);
    expect(await statusVia({}, { trusted: true })).toBe(400);
  });
});

function headersFor(operation: string, more: Record<string, string> = {}): Record<string, string> {
  return {
    Host: server.host,
    "Content-Type": JSON_TYPE,
    "X-Amz-Target": `AmazonEC2ContainerRegistry_V20150921.${operation}`,
    ...more,
  };
}

function toSign(operation: string): ToSign {
  return {
    headers: headersFor(operation),
    body: "{}",
    keyId: KEY_ID,
    secret: SECRET,
    region: REGION,
    service: "ecr",
    date: server.clock.now(),
  };
}

function signedFor(operation: string, changed: Partial<ToSign> = {}): ReturnType<typeof signInHeader> {
  return signInHeader({ ...toSign(operation), ...changed });
}
