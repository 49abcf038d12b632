import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { ACCOUNT, callJson } from "../http/aws/support/aws-server.ts";
import { startEcrServer } from "./support/ecr-server.ts";

const server = await startEcrServer();
afterAll(() => server[Symbol.asyncDispose]());
beforeEach(() => server.reset());

const get = async (name: string) => (await callJson(server, "GetAccountSetting", { name })).body;
const put = async (name: string, value: string) => callJson(server, "PutAccountSetting", { name, value });

const SETTINGS = [
  ["BASIC_SCAN_TYPE_VERSION", "AWS_NATIVE", "CLAIR"],
  ["BLOB_MOUNTING", "ENABLED", "DISABLED"],
  ["REGISTRY_POLICY_SCOPE", "V2", "V1"],
] as const;

describe.each(SETTINGS)("%s", (name, usual, other) => {
  test("has its default until it is put, and is read back", async () => {
    expect(await get(name)).toEqual({ name, value: usual });
    for (const value of [other, other, usual, usual]) {
      const answer = await put(name, value);
      expect([answer.status, answer.body]).toEqual([200, { name, value }]);
      expect(await get(name)).toEqual({ name, value });
    }
  });

  test("changes no other", async () => {
    await put(name, other);
    for (const [each, value] of SETTINGS) {
      expect(await get(each)).toEqual({ name: each, value: each === name ? other : value });
    }
  });

  test("refuses another value", async () => {
    const { status, body } = await put(name, "SOMETHING");
    const said = `The value of the account setting ${name} must be one of`;
    expect([status, body["__type"]]).toEqual([400, "ValidationException"]);
    expect(body["message"]).toMatch(new RegExp(`^${said} .*, not "SOMETHING"$`));
    expect(await get(name)).toEqual({ name, value: usual });
  });

  test("is asked for by its name", async () => {
    await get(name);
    await put(name, other);
    const more = { resource: "*", conditions: { "ecr:AccountSetting": [name] } };
    expect(server.asked).toMatchObject([
      { action: "ecr:GetAccountSetting", ...more },
      { action: "ecr:PutAccountSetting", ...more },
    ]);
  });
});

test.each(["", "blob_mounting", "constructor", "x".repeat(65)])("a setting called %j", async (name) => {
  const values = { GetAccountSetting: {}, PutAccountSetting: { value: "V1" } };
  for (const [operation, value] of Object.entries(values)) {
    const { status, body } = await callJson(server, operation, { name, ...value });
    expect(status).toBe(400);
    expect(body["__type"]).toMatch(/^(?:Validation|InvalidParameter)Exception$/);
    expect(body["message"]).toContain("name");
  }
  expect(server.asked).toEqual([]);
});

test("whoever may not changes nothing", async () => {
  for (const action of ["ecr:PutAccountSetting", "ecr:GetAccountSetting"])
    server.denied.set(action, "denied");
  expect((await put("BLOB_MOUNTING", "DISABLED")).body).toMatchObject({ __type: "AccessDeniedException" });
  expect(await get("BLOB_MOUNTING")).toMatchObject({ __type: "AccessDeniedException" });
  server.denied.clear();
  expect(await get("BLOB_MOUNTING")).toMatchObject({ value: "ENABLED" });
});

describe("PutRegistryPolicy", () => {
  const policyText = JSON.stringify({ Version: "2012-10-17" });

  test("is held to the scope of the registry", async () => {
    await put("REGISTRY_POLICY_SCOPE", "V1");
    const { body } = await callJson(server, "PutRegistryPolicy", { policyText: '["V2 only"]' });
    expect(body["message"]).toContain("no action of scope V1");
    await put("REGISTRY_POLICY_SCOPE", "V2");
    expect((await callJson(server, "PutRegistryPolicy", { policyText: '["V2 only"]' })).status).toBe(200);
  });

  test("and the scope are kept apart, in either order", async () => {
    await put("REGISTRY_POLICY_SCOPE", "V1");
    await callJson(server, "PutRegistryPolicy", { policyText });
    expect(await get("REGISTRY_POLICY_SCOPE")).toMatchObject({ value: "V1" });
    await put("REGISTRY_POLICY_SCOPE", "V2");
    const { body } = await callJson(server, "GetRegistryPolicy", {});
    expect(body).toEqual({ registryId: ACCOUNT, policyText });
    await callJson(server, "DeleteRegistryPolicy", {});
    expect(await get("REGISTRY_POLICY_SCOPE")).toMatchObject({ value: "V2" });
  });

  test("without a text there is none, whatever the scope", async () => {
    await put("REGISTRY_POLICY_SCOPE", "V1");
    for (const operation of ["GetRegistryPolicy", "DeleteRegistryPolicy"]) {
      const { body } = await callJson(server, operation, {});
      expect(body["__type"]).toBe("RegistryPolicyNotFoundException");
    }
  });
});
