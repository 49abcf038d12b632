import { setTimeout as pause } from "node:timers/promises";
import { afterAll, describe, expect, test } from "vitest";
import { postgresAuditLog } from "../../src/adapters/postgres/audit/log.ts";
import type { KeptRecord } from "../../src/audit/audit-log.ts";
import { VERSION_BELIEVED } from "../../src/iam/access/account-versions.ts";
import type { Credentials } from "../../src/iam/access-keys.ts";
import { putInlinePolicy } from "../../src/iam/principals/inline-policies.ts";
import { basic, makeTestHome, startTestBerth } from "../support/berth.ts";
import { type Answer, exchange } from "../support/exchange.ts";
import { pushImage } from "../support/push.ts";
import { callEcrApi } from "./aws-client.ts";
import { allow, document, openScene, type Statement } from "./scene.ts";

const home = await makeTestHome({ BERTH_BEARER_HOSTS: "bearer.example.com" });
const berth = await startTestBerth({ home });
afterAll(async () => {
  await berth.stop();
  await home.remove();
});
const scene = openScene(berth, home, { now: () => new Date() });
const log = postgresAuditLog(berth.database);
await pushImage(berth, "team/app", "v1", "login permission");

const PULL = allow(["ecr:BatchGetImage"]);
const TOKEN = "ecr:GetAuthorizationToken";
const deny = (more: Statement = {}): Statement => ({
  ...{ Effect: "Deny", Action: TOKEN, Resource: "*" },
  ...more,
});
const DENIED = /not authorized to perform: ecr:GetAuthorizationToken on resource: \* with an explicit deny/;
const MANIFEST = "/v2/team/app/manifests/v1";

function get(path: string, { accessKeyId, secretAccessKey }: Credentials, more = {}): Promise<Answer> {
  return exchange(berth, { path, headers: { authorization: basic(accessKeyId, secretAccessKey), ...more } });
}

const getToken = (keys: Credentials): Promise<Answer> =>
  get("/token?service=berth&scope=repository:team/app:pull", keys, { host: "bearer.example.com" });

function expectDenied(answer: Answer): void {
  expect(answer.status).toBe(403);
  const [error] = JSON.parse(answer.body.toString()).errors;
  expect(error).toMatchObject({ code: "DENIED", message: expect.stringMatching(DENIED) });
}

describe("a principal that a policy denies tokens", () => {
  test.each(["/v2/", MANIFEST, "/v2/team/app/tags/list"])(
    "does not get in by its key: GET %s",
    async (path) => {
      const keys = await scene.makeUser(`denied${path.length}`, [PULL, allow([TOKEN]), deny()]);
      expectDenied(await get(path, keys));
    },
  );

  test("gets no token by its key", async () => {
    const keys = await scene.makeUser("no-token", [PULL, allow([TOKEN]), deny()]);
    expectDenied(await getToken(keys));
  });

  test("gets no other token by a refresh token from before", async () => {
    const keys = await scene.makeUser("refreshes", [PULL]);
    const path = "/token?service=berth&offline_token=true";
    const first = await get(path, keys, { host: "bearer.example.com" });
    const { refresh_token } = JSON.parse(first.body.toString());
    await scene.change(async (change) => {
      await putInlinePolicy(change, "user", "refreshes", { name: "given", document: document(PULL, deny()) });
    });
    await pause(VERSION_BELIEVED + 50);
    const answer = await exchange(berth, {
      ...{ method: "POST", path: "/token" },
      headers: {
        ...{ authorization: "", host: "bearer.example.com" },
        "content-type": "application/x-www-form-urlencoded",
      },
      body: String(new URLSearchParams({ grant_type: "refresh_token", refresh_token, service: "berth" })),
    });
    expectDenied(answer);
  });

  test("is denied where the conditions of the Deny say so", async () => {
    const fromElsewhere = { Condition: { NotIpAddress: { "aws:SourceIp": "192.0.2.0/24" } } };
    const fromHere = { Condition: { IpAddress: { "aws:SourceIp": "192.0.2.0/24" } } };
    expectDenied(await get("/v2/", await scene.makeUser("elsewhere", [PULL, deny(fromElsewhere)])));
    expect((await get("/v2/", await scene.makeUser("here", [PULL, deny(fromHere)]))).status).toBe(200);
  });

  test("finds the denial with its id in the audit log", async () => {
    const answer = await get(MANIFEST, await scene.makeUser("recorded", [PULL, deny()]));
    const [{ detail }] = JSON.parse(answer.body.toString()).errors;
    await expect
      .poll(() => log.findDenial(detail.decisionId))
      .toMatchObject({ action: TOKEN, resource: "*" });
  });
});

describe("a principal that nothing allows tokens", () => {
  test("gets in by its key, and may what its policies allow", async () => {
    const keys = await scene.makeUser("pulls", [PULL]);
    expect((await get("/v2/", keys)).status).toBe(200);
    expect((await get(MANIFEST, keys)).status).toBe(200);
    expect((await getToken(keys)).status).toBe(200);
  });

  test("gets none by the AWS API", async () => {
    const keys = await scene.makeUser("no-api-token", [PULL]);
    expect(await callEcrApi(berth.url, "GetAuthorizationToken", {}, keys)).toMatchObject({
      status: 400,
      text: expect.stringContaining("AccessDeniedException"),
    });
  });
});

describe("tokens that were handed out", () => {
  const tokensOf = async (principal: string): Promise<readonly KeptRecord[]> =>
    log.latest(
      {
        ...{ since: undefined, until: undefined, account: undefined, principal: `*${principal}` },
        ...{
          action: TOKEN,
          resource: undefined,
          sourceIp: undefined,
          requestId: undefined,
          decision: "allowed",
        },
      },
      100,
    );

  test("are one record for a key, an address and a door", async () => {
    const keys = await scene.makeUser("collects", [PULL, allow([TOKEN])]);
    for (let time = 0; time < 3; time++) {
      expect((await getToken(keys)).status).toBe(200);
      expect((await callEcrApi(berth.url, "GetAuthorizationToken", {}, keys)).status).toBe(200);
    }
    await expect.poll(() => tokensOf("user/collects")).toHaveLength(2);
    const [byToken, byApi] = await tokensOf("user/collects");
    expect([byToken?.detail, byApi?.detail]).toEqual([{ door: "token" }, { door: "api" }]);
    expect(byApi).toMatchObject({ accessKeyId: keys.accessKeyId, sourceIp: "127.0.0.1", resource: "*" });
  });
});
