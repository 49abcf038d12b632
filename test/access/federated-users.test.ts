import { afterAll, describe, expect, test, vi } from "vitest";
import { composeExplainer } from "../../src/composition/explainer.ts";
import { basic, makeTestHome, openTestState, startTestBerth } from "../support/berth.ts";
import { exchange } from "../support/exchange.ts";
import { pushImage } from "../support/push.ts";
import { callEcrApi, callQuery, type Keys, keysIn, succeeded } from "./aws-client.ts";
import { ACCOUNT, allow, document, openScene, type Statement } from "./scene.ts";

const home = await makeTestHome();
const berth = await startTestBerth({ home });
const state = await openTestState(home);
afterAll(async () => {
  await state.close();
  await berth.stop();
  await home.remove();
});
const scene = openScene(berth, home, { now: () => new Date() });
await pushImage(berth, "team/app", "v1", "federated users");
const broker = await scene.makeUser("broker", [
  { Effect: "Allow", Action: ["ecr:*", "sts:GetFederationToken"], Resource: "*" },
]);

const ARN = `arn:aws:sts::${ACCOUNT}:federated-user/Bob`;
const PULL = ["ecr:GetAuthorizationToken", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"];

async function federate(...statements: readonly Statement[]): Promise<Keys> {
  const policy: Record<string, string> = statements.length === 0 ? {} : { Policy: document(...statements) };
  return keysIn(
    await succeeded(callQuery(berth.url, "sts", "GetFederationToken", { Name: "Bob", ...policy }, broker)),
  );
}

const password = ({ secretAccessKey, sessionToken }: Keys): string => `${secretAccessKey}.${sessionToken}`;
const ask = (method: string, path: string, keys: Keys) =>
  exchange(berth, { method, path, headers: { authorization: basic(keys.accessKeyId, password(keys)) } });
const manifest = (keys: Keys) => ask("GET", "/v2/team/app/manifests/v1", keys);
const upload = (keys: Keys) => ask("POST", "/v2/team/app/blobs/uploads/", keys);

describe("a federated user", () => {
  test("pulls with the password of its session, and pushes nothing that its session policy does not give", async () => {
    const session = await federate(allow(PULL));
    const answer = JSON.parse(await succeeded(callEcrApi(berth.url, "GetAuthorizationToken", {}, session)));
    const token = `Basic ${answer.authorizationData[0].authorizationToken}`;
    const pulled = await exchange(berth, {
      path: "/v2/team/app/manifests/v1",
      headers: { authorization: token },
    });
    expect(pulled.status).toBe(200);
    expect((await manifest(session)).status).toBe(200);
    const pushed = await upload(session);
    expect(pushed.status).toBe(403);
    expect(pushed.body.toString()).toContain(
      `User: ${ARN} is not authorized to perform: ecr:InitiateLayerUpload`,
    );
    expect(pushed.body.toString()).toContain("because no session policy allows");
  });

  test("has nothing without session policies, but what a repository gives to its name", async () => {
    const session = await federate();
    expect((await manifest(session)).status).toBe(403);
    const policyText = document({ Effect: "Allow", Principal: { AWS: ARN }, Action: "ecr:BatchGetImage" });
    const named = { repositoryName: "team/app" };
    await succeeded(callEcrApi(berth.url, "SetRepositoryPolicy", { ...named, policyText }, broker));
    await vi.waitFor(async () => expect((await manifest(session)).status).toBe(200), 5_000);
    await succeeded(callEcrApi(berth.url, "DeleteRepositoryPolicy", named, broker));
    await vi.waitFor(async () => expect((await manifest(session)).status).toBe(403), 5_000);
  });

  test("is what conditions say of it", async () => {
    const session = await federate({ ...allow(PULL) });
    const statement = (value: object): string =>
      document({
        ...{ Effect: "Deny", Principal: "*", Action: "ecr:BatchGetImage" },
        Condition: { StringEquals: value },
      });
    const named = { repositoryName: "team/app" };
    for (const condition of [
      { "aws:PrincipalType": "FederatedUser" },
      { "aws:PrincipalArn": ARN },
      { "aws:userid": `${ACCOUNT}:Bob` },
    ]) {
      await succeeded(
        callEcrApi(berth.url, "SetRepositoryPolicy", { ...named, policyText: statement(condition) }, broker),
      );
      await vi.waitFor(async () => expect((await manifest(session)).status).toBe(403), 5_000);
      await succeeded(callEcrApi(berth.url, "DeleteRepositoryPolicy", named, broker));
      await vi.waitFor(async () => expect((await manifest(session)).status).toBe(200), 5_000);
    }
  });

  test("is told why, also later, as long as its session lasts", async () => {
    const session = await federate(allow(PULL));
    const pushed = await upload(session);
    const id = String(pushed.headers["x-request-id"]);
    const explainer = composeExplainer(home.config, state);
    await vi.waitFor(async () => expect(await explainer.explainDenial(id)).toBeDefined(), 5_000);
    expect(await explainer.explainDenial(id)).toMatchObject({
      denial: { principal: ARN },
      now: { principal: ARN, explanation: { verdict: { allowed: false, role: "session" } } },
    });
    await scene.change(async (change) => {
      const user = await change.findEntity("user", "broker");
      if (user !== undefined) await change.setAccessKeyActive(user.id, broker.accessKeyId, false);
    });
    expect(await explainer.explainDenial(id)).toMatchObject({
      now: undefined,
      gone: `the session of ${ARN} has ended`,
    });
  });
});
