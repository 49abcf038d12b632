import { afterAll, describe, expect, test, vi } from "vitest";
import type { Credentials } from "../../src/iam/access-keys.ts";
import { signInHeader } from "../iam/sigv4/signer.ts";
import { ADMINISTRATOR, makeTestHome, startTestBerth } from "../support/berth.ts";
import { exchange } from "../support/exchange.ts";
import { pushImage } from "../support/push.ts";
import { callEcrApi, succeeded } from "./aws-client.ts";
import { ACCOUNT, document, openScene, type Statement } from "./scene.ts";

const home = await makeTestHome({ BERTH_BEARER_HOSTS: "bearer.example.com" });
const berth = await startTestBerth({ home });
afterAll(async () => {
  await berth.stop();
  await home.remove();
});
const scene = openScene(berth, home, { now: () => new Date() });
await pushImage(berth, "open/app", "v1", "open");
await pushImage(berth, "closed/app", "v1", "closed");
const PULL = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"];
const everybody = { Effect: "Allow", Principal: "*" };
const setPolicy = (repositoryName: string, statement: Statement) =>
  succeeded(
    callEcrApi(
      berth.url,
      "SetRepositoryPolicy",
      { repositoryName, policyText: document(statement) },
      ADMINISTRATOR,
    ),
  );
await setPolicy("open/app", { ...everybody, Action: ["ecr:*"] });
const BOTH = ["ecr-public:GetAuthorizationToken", "sts:GetServiceBearerToken"];
const permit = (actions: readonly string[], more: Statement = {}): Statement => ({
  ...{ Effect: "Allow", Action: actions, Resource: "*" },
  ...more,
});

/** One signed call of ECR Public. */
async function call(
  operation: string,
  { accessKeyId, secretAccessKey }: Credentials,
  region = "eu-north-1",
  url = berth.url,
) {
  const signed = signInHeader({
    headers: {
      Host: new URL(url).host,
      "Content-Type": "application/x-amz-json-1.1",
      "X-Amz-Target": `SpencerFrontendService.${operation}`,
    },
    ...{ body: "{}", keyId: accessKeyId, secret: secretAccessKey, region, service: "ecr-public" },
    date: new Date(),
  });
  const response = await fetch(url, { method: "POST", headers: signed.headers, body: "{}" });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

interface Answer {
  readonly authorizationData: { readonly authorizationToken: string; readonly expiresAt: number };
}

async function tokenOf(keys: Credentials, url = berth.url): Promise<string> {
  const { status, body } = await call("GetAuthorizationToken", keys, "eu-north-1", url);
  expect(status, JSON.stringify(body)).toBe(200);
  return `Basic ${(body as unknown as Answer).authorizationData.authorizationToken}`;
}

const ask = (authorization: string, path: string, method = "GET", host?: string) =>
  exchange(berth, { method, path, headers: { authorization, ...(host === undefined ? {} : { host }) } });
const OPEN = "/v2/open/app/manifests/v1";
const CLOSED = "/v2/closed/app/manifests/v1";

describe("GetAuthorizationToken of ECR Public", () => {
  test("takes two permissions", async () => {
    const one = await scene.makeUser("one", [permit(["ecr-public:GetAuthorizationToken"])]);
    const denied = await call("GetAuthorizationToken", one);
    expect([denied.status, denied.body["__type"]]).toEqual([400, "AccessDeniedException"]);
    expect(denied.body["message"]).toContain("sts:GetServiceBearerToken");
    const other = await scene.makeUser("other", [permit(["sts:GetServiceBearerToken", "ecr:*"])]);
    expect((await call("GetAuthorizationToken", other)).body["message"]).toContain(
      "is not authorized to perform: ecr-public:GetAuthorizationToken on resource: *",
    );
    const forIt = { Condition: { StringEquals: { "sts:AWSServiceName": "ecr-public.amazonaws.com" } } };
    const both = await scene.makeUser("both", [permit(BOTH.slice(0, 1)), permit(BOTH.slice(1), forIt)]);
    expect((await call("GetAuthorizationToken", both)).status).toBe(200);
  });

  test("is one for all regions, and says until when its token is good", async () => {
    for (const region of ["us-east-1", "eu-north-1", "ap-southeast-2"]) {
      const { status, body } = await call("GetAuthorizationToken", ADMINISTRATOR, region);
      expect(status).toBe(200);
      const { expiresAt } = (body as unknown as Answer).authorizationData;
      expect(expiresAt * 1000 - Date.now()).toBeGreaterThan(11 * 3_600_000);
    }
    const nowhere = await call("GetAuthorizationToken", ADMINISTRATOR, "nowhere");
    expect(nowhere.body["__type"]).toBe("InvalidSignatureException");
    expect(nowhere.body["message"]).toContain("valid region, not 'nowhere'");
  });

  test("is the only operation of ECR Public", async () => {
    const { status, body } = await call("DescribeRepositories", ADMINISTRATOR);
    expect([status, body["__type"]]).toEqual([400, "UnknownOperationException"]);
    expect(body["message"]).toBe("The operation DescribeRepositories of ecr-public is not implemented here");
    expect((await call("Nonsense", ADMINISTRATOR)).body["__type"]).toBe("UnknownOperationException");
  });
});

describe("a token of ECR Public", () => {
  test("pulls what anybody may pull, and nothing that its holder alone may", async () => {
    const token = await tokenOf(ADMINISTRATOR);
    expect((await ask(token, "/v2/")).status).toBe(200);
    expect((await ask(token, OPEN)).status).toBe(200);
    expect((await ask(token, "/v2/open/app/tags/list")).status).toBe(200);
    const closed = await ask(token, CLOSED);
    expect(closed.status).toBe(403);
    expect(closed.body.toString()).toContain("not authorized to perform: ecr:BatchGetImage");
    expect((await ask(token, "/v2/not/there/manifests/v1")).status).toBe(403);
  });

  test("does nothing but pull, whatever a policy gives to everybody", async () => {
    const token = await tokenOf(ADMINISTRATOR);
    expect((await ask(token, "/v2/open/app/blobs/uploads/", "POST")).status).toBe(403);
    expect((await ask(token, OPEN, "DELETE")).status).toBe(403);
    const catalog = await ask(token, "/v2/_catalog");
    expect([catalog.status, catalog.body.toString()]).not.toContain("app");
  });

  test("follows the policy that opens a repository", async () => {
    const token = await tokenOf(ADMINISTRATOR);
    await setPolicy("closed/app", { ...everybody, Action: PULL });
    await vi.waitFor(async () => expect((await ask(token, CLOSED)).status).toBe(200), 5_000);
    await setPolicy("closed/app", { Effect: "Allow", Principal: { AWS: ACCOUNT }, Action: PULL });
    await vi.waitFor(async () => expect((await ask(token, CLOSED)).status).toBe(403), 5_000);
  });

  test("ends with the key that asked for it", async () => {
    const keys = await scene.makeUser("leaver", [permit(BOTH)]);
    const token = await tokenOf(keys);
    expect((await ask(token, OPEN)).status).toBe(200);
    await scene.change(async (change) => {
      const user = await change.findEntity("user", "leaver");
      if (user !== undefined) await change.deleteAccessKey(user.id, keys.accessKeyId);
    });
    await vi.waitFor(async () => expect((await ask(token, OPEN)).status).toBe(401), 5_000);
  });

  test("is not a password of ECR: nobody who may get it alone gets into what is closed", async () => {
    const keys = await scene.makeUser("public-only", [permit(BOTH), permit(["ecr:BatchGetImage"])]);
    expect((await ask(await tokenOf(keys), CLOSED)).status).toBe(403);
  });

  test("gets no scoped token where nobody pulls without credentials", async () => {
    const token = await tokenOf(ADMINISTRATOR);
    const answer = await ask(token, "/token?scope=repository:open/app:pull", "GET", "bearer.example.com");
    expect(answer.status).toBe(401);
  });
});

test("where anybody may pull without credentials, a token of ECR Public gets what they get", async () => {
  const open = await startTestBerth({
    env: { BERTH_BEARER_HOSTS: "bearer.example.com", BERTH_ANONYMOUS_PULL: "on" },
  });
  await pushImage(open, "open/app", "v1", "open");
  const policyText = document({ ...everybody, Action: ["ecr:*"] });
  const input = { repositoryName: "open/app", policyText };
  await succeeded(callEcrApi(open.url, "SetRepositoryPolicy", input, ADMINISTRATOR));
  const headers = { authorization: await tokenOf(ADMINISTRATOR, open.url), host: "bearer.example.com" };
  const path = "/token?scope=repository:open/app:pull,push";
  const answer = await exchange(open, { path, headers });
  expect(answer.status).toBe(200);
  const { token, scope } = JSON.parse(answer.body.toString());
  expect(scope).toBe("repository:open/app:pull");
  const bearer = { authorization: `Bearer ${token}`, host: "bearer.example.com" };
  expect((await exchange(open, { path: OPEN, headers: bearer })).status).toBe(200);
  await open.stop();
});
