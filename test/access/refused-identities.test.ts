import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { postgresAuditLog } from "../../src/adapters/postgres/audit/log.ts";
import type { KeptRecord } from "../../src/audit/audit-log.ts";
import { renderDenial } from "../../src/cli/explain/render.ts";
import { composeExplainer } from "../../src/composition/explainer.ts";
import { startIssuer, type TestIssuer } from "../adapters/postgres/iam/oidc-issuer.ts";
import { ADMINISTRATOR, makeTestHome, openTestState, startTestBerth } from "../support/berth.ts";
import { type AwsAnswer, callQuery, succeeded, xmlValue } from "./aws-client.ts";
import { ACCOUNT } from "./scene.ts";

const home = await makeTestHome({ BERTH_OIDC_PRIVATE_HOSTS: "127.0.0.1" });
const berth = await startTestBerth({ home });
const state = await openTestState(home);
afterAll(async () => {
  await state.close();
  await berth.stop();
  await home.remove();
});
const log = postgresAuditLog(berth.database);
const explainer = composeExplainer(home.config, state);
const ACTION = "sts:AssumeRoleWithWebIdentity";
const ROLE = `arn:aws:iam::${ACCOUNT}:role/ci`;
const iam = (action: string, parameters: Readonly<Record<string, string>>): Promise<string> =>
  succeeded(callQuery(berth.url, "iam", action, parameters, ADMINISTRATOR));

let issuer: TestIssuer;
let provider: string;
beforeAll(async () => {
  issuer = await startIssuer(() => new Date());
  const made = await iam("CreateOpenIDConnectProvider", {
    Url: issuer.url,
    "ClientIDList.member.1": "berth",
  });
  provider = xmlValue(made, "OpenIDConnectProviderArn");
  const statement = {
    ...{ Effect: "Allow", Principal: { Federated: provider }, Action: ACTION },
    Condition: { StringLike: { [`${issuer.name}:sub`]: "repo:acme/*" } },
  };
  await iam("CreateRole", {
    RoleName: "ci",
    AssumeRolePolicyDocument: JSON.stringify({ Version: "2012-10-17", Statement: [statement] }),
  });
  return () => issuer.close();
});

const assume = (token: string, role = ROLE): Promise<AwsAnswer> =>
  callQuery(
    ...([berth.url, "sts", "AssumeRoleWithWebIdentity"] as const),
    { RoleArn: role, RoleSessionName: "job", WebIdentityToken: token },
    undefined,
  );

/** The record of a request that was refused, and what is explained about it. */
async function refusalOf(answer: AwsAnswer): Promise<{ readonly record: KeptRecord; readonly said: string }> {
  expect([400, 403], answer.text).toContain(answer.status);
  const requestId = xmlValue(answer.text, "RequestId");
  const filter = {
    ...{ since: undefined, until: undefined, account: undefined, principal: undefined, action: undefined },
    ...{ resource: undefined, sourceIp: undefined, requestId, decision: undefined },
  };
  await expect.poll(() => log.latest(filter, 10)).toHaveLength(1);
  const [record] = await log.latest(filter, 10);
  const explained = await explainer.explainDenial(requestId);
  if (record === undefined || explained === undefined) throw new Error("nothing is kept");
  return { record, said: renderDenial(explained) };
}

describe("a token that the trust policy does not let in", () => {
  test("is recorded with what that asks for, and explained with what was wanted and found", async () => {
    const answer = await assume(
      await issuer.token({ sub: "repo:other/app:ref:main", email: "a@example.com" }),
    );
    expect(answer.text).toContain(`Not authorized to perform ${ACTION}`);
    expect(answer.text).not.toContain("repo:acme");
    const { record, said } = await refusalOf(answer);
    expect(record).toMatchObject({
      ...{ account: ACCOUNT, principal: provider, action: ACTION, resource: ROLE, decision: "denied" },
      ...{ sourceIp: "127.0.0.1", reason: `Not authorized to perform ${ACTION}` },
    });
    expect(record.detail).toEqual({
      context: {
        secureTransport: false,
        conditions: { [`${issuer.name}:sub`]: ["repo:other/app:ref:main"] },
      },
    });
    expect(said).toContain(
      `Condition StringLike ${issuer.name}:sub: wanted repo:acme/*; found repo:other/app:ref:main`,
    );
    expect(said).toContain(`principal  ${provider}\n`);
  });

  test("is explained by the trust policy of now", async () => {
    const role = `arn:aws:iam::${ACCOUNT}:role/later`;
    const answer = await assume(await issuer.token(), role);
    const { said } = await refusalOf(answer);
    expect(said).toContain("No policy has a say.");
  });
});

describe("a token that proves nobody", () => {
  test("is explained by its audience and those that are taken", async () => {
    const answer = await assume(await issuer.token({ aud: "somebody-else" }));
    expect(answer.text).toContain("Incorrect token audience");
    const { record, said } = await refusalOf(answer);
    expect(record).toMatchObject({ principal: "anonymous", resource: ROLE, account: ACCOUNT });
    expect(record.detail["mismatch"]).toEqual({ claim: "aud", wanted: ["berth"], found: ["somebody-else"] });
    expect(said).toContain("claim      aud: wanted berth; found somebody-else");
  });

  test("is explained by its issuer and those that are registered", async () => {
    const stranger = "https://stranger.example.com";
    const { record, said } = await refusalOf(await assume(await issuer.token({ iss: stranger })));
    expect(record.detail["mismatch"]).toMatchObject({ claim: "iss", found: [stranger] });
    expect(said).toContain(`claim      iss: wanted https://${issuer.name}; found ${stranger}`);
  });

  test.each([
    ["past its time", { exp: 1 }, "Token expired"],
    ["without a subject", { sub: undefined }, "sub"],
  ])("because it is %s is recorded with what its holder was told", async (_, claims, told) => {
    const { record, said } = await refusalOf(await assume(await issuer.token(claims)));
    expect(record.reason).toContain(told);
    expect(said).toContain("the request proved nobody, so no policy was asked");
  });

  test("because it is none is recorded, and its text is not", async () => {
    const { record } = await refusalOf(await assume("not.a.token"));
    expect(record.reason).toContain("not a valid JWT");
    expect(JSON.stringify(record)).not.toContain("not.a.token");
  });
});

test("a key that a role does not trust is explained by the trust policy, with what was wanted and found", async () => {
  const name = "partner";
  const statement = {
    ...{ Effect: "Allow", Principal: { AWS: `arn:aws:iam::${ACCOUNT}:root` }, Action: "sts:AssumeRole" },
    Condition: { StringEquals: { "sts:ExternalId": "ours" } },
  };
  const trust = JSON.stringify({ Version: "2012-10-17", Statement: [statement] });
  await iam("CreateRole", { RoleName: name, AssumeRolePolicyDocument: trust });
  const role = `arn:aws:iam::${ACCOUNT}:role/${name}`;
  const input = { RoleArn: role, RoleSessionName: "job", ExternalId: "theirs" };
  const { record, said } = await refusalOf(
    await callQuery(berth.url, "sts", "AssumeRole", input, ADMINISTRATOR),
  );
  expect(record).toMatchObject({ action: "sts:AssumeRole", resource: role, decision: "denied" });
  expect(said).toContain("Condition StringEquals sts:ExternalId: wanted ours; found theirs");
});

test("input that is wrong is no refusal of anybody", async () => {
  const answer = await assume(await issuer.token(), "arn:aws:iam::aws:role/none");
  expect(answer.status).toBe(400);
  const requestId = xmlValue(answer.text, "RequestId");
  expect(await log.findDenial(requestId)).toBeUndefined();
});
