import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { ADMINISTRATOR, basic, makeTestHome, startTestBerth } from "../support/berth.ts";
import { exchange } from "../support/exchange.ts";
import { digestOfText } from "../support/manifests.ts";
import { pushBlob } from "../support/push.ts";
import { rowsOf } from "../support/rows.ts";
import { callEcrApi, type Keys, succeeded } from "./aws-client.ts";
import { ACCOUNT, allow, document, openScene } from "./scene.ts";

const home = await makeTestHome();
const berth = await startTestBerth({ home });
afterAll(async () => {
  await berth.stop();
  await home.remove();
});
const scene = openScene(berth, home, { now: () => new Date() });
const ecr = (operation: string, input: object, keys: Keys = ADMINISTRATOR) =>
  callEcrApi(berth.url, operation, input, keys);
const put = (name: string, value: string): Promise<string> =>
  succeeded(ecr("PutAccountSetting", { name, value }));

describe("BLOB_MOUNTING", () => {
  const CONTENT = "a layer of another repository";
  const digest = digestOfText(CONTENT);
  const mount = async (target: string, from: string): Promise<number> => {
    const path = `/v2/${target}/blobs/uploads/?mount=${digest}${from}`;
    return (await exchange(berth, { method: "POST", path })).status;
  };

  test.each(["&from=mounts/source", ""])("says whether a push mounts (%j)", async (from) => {
    await pushBlob(berth, "mounts/source", CONTENT);
    await put("BLOB_MOUNTING", "DISABLED");
    const target = `mounts/to${from.length}`;
    expect(await mount(target, from)).toBe(202);
    const has = { method: "HEAD", path: `/v2/${target}/blobs/${digest}` };
    expect((await exchange(berth, has)).status).toBe(404);
    await put("BLOB_MOUNTING", "ENABLED");
    expect(await mount(target, from)).toBe(201);
    expect((await exchange(berth, has)).status).toBe(200);
  });

  test("is a setting of one registry", async () => {
    await scene.makeAccount("999999999999");
    const theirs = await scene.makeUser("theirs", [allow(["ecr:*"])], "999999999999");
    await succeeded(ecr("PutAccountSetting", { name: "BLOB_MOUNTING", value: "DISABLED" }, theirs));
    await pushBlob(berth, "mounts/source", CONTENT);
    expect(await mount("mounts/ours", "&from=mounts/source")).toBe(201);
  });
});

describe("REGISTRY_POLICY_SCOPE", async () => {
  const { accessKeyId, secretAccessKey } = await scene.makeUser("scoped", [allow(["ecr:PutImage"])]);
  const registryPolicy = (Action: string): string =>
    document({
      ...{ Effect: "Allow", Action, Resource: "*" },
      Principal: { AWS: `arn:aws:iam::${ACCOUNT}:user/scoped` },
    });

  test("says at once which requests the policy of the registry has a say in", async () => {
    const headers = { authorization: basic(accessKeyId, secretAccessKey) };
    const list = async () => (await exchange(berth, { path: "/v2/scoped/app/tags/list", headers })).status;
    const create = async (repositoryName: string) =>
      (await ecr("CreateRepository", { repositoryName }, { accessKeyId, secretAccessKey })).status;
    await succeeded(ecr("CreateRepository", { repositoryName: "scoped/app" }));
    expect([await list(), await create("scoped/denied")]).toEqual([403, 400]);
    await succeeded(ecr("PutRegistryPolicy", { policyText: registryPolicy("ecr:*") }));
    expect([await list(), await create("scoped/two")]).toEqual([200, 200]);
    await put("REGISTRY_POLICY_SCOPE", "V1");
    expect([await list(), await create("scoped/one")]).toEqual([403, 200]);
    await put("REGISTRY_POLICY_SCOPE", "V2");
    expect([await list(), await create("scoped/again")]).toEqual([200, 200]);
  });

  test("says what may be written there", async () => {
    const policyText = registryPolicy("ecr:ListImages");
    await put("REGISTRY_POLICY_SCOPE", "V1");
    const { status, text } = await ecr("PutRegistryPolicy", { policyText });
    expect(status).toBe(400);
    expect(JSON.parse(text)).toMatchObject({
      __type: "InvalidParameterException",
      message: expect.stringContaining("Invalid registry policy provided"),
    });
    await put("REGISTRY_POLICY_SCOPE", "V2");
    expect((await ecr("PutRegistryPolicy", { policyText })).status).toBe(200);
  });
});

test("ecr:AccountSetting narrows who may put which", async () => {
  const keys = await scene.makeUser("keeper", [
    {
      ...allow(["ecr:PutAccountSetting", "ecr:GetAccountSetting"]),
      Condition: { StringEquals: { "ecr:AccountSetting": "BLOB_MOUNTING" } },
    },
  ]);
  const scan = { name: "BASIC_SCAN_TYPE_VERSION", value: "CLAIR" };
  const blobs = { name: "BLOB_MOUNTING", value: "ENABLED" };
  const tried = [];
  for (const [operation, input] of [
    ...[["PutAccountSetting", blobs] as const, ["GetAccountSetting", { name: blobs.name }] as const],
    ...[["PutAccountSetting", scan] as const, ["GetAccountSetting", { name: scan.name }] as const],
  ]) {
    tried.push((await ecr(operation, input, keys)).status);
  }
  expect(tried).toEqual([200, 200, 400, 400]);
});

describe("the audit log", () => {
  beforeEach(() => rowsOf(berth, "DELETE FROM audit_log"));

  test.each([
    ["BASIC_SCAN_TYPE_VERSION", "CLAIR", "AWS_NATIVE"],
    ["BLOB_MOUNTING", "DISABLED", "ENABLED"],
    ["REGISTRY_POLICY_SCOPE", "V1", "V2"],
  ])("says once what %s became, and nothing where it stays", async (name, value, usual) => {
    for (const each of [usual, value, value, usual]) await put(name, each);
    const records = await rowsOf<{ setting: unknown }>(
      berth,
      `SELECT detail -> 'setting' AS setting FROM audit_log WHERE action = 'ecr:PutAccountSetting'
        AND decision = 'allowed' ORDER BY id`,
    );
    expect(records.map(({ setting }) => setting)).toEqual([
      { name, value },
      { name, value: usual },
    ]);
  });
});
