import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { ACCOUNT, callJson, REGION } from "../http/aws/support/aws-server.ts";

const POLICY = '{ "Version":"2012-10-17",\n "Statement": [] }';

import { startEcrServer } from "./support/ecr-server.ts";

const server = await startEcrServer();
afterAll(() => server[Symbol.asyncDispose]());
beforeEach(async () => {
  await server.reset();
  await callJson(server, "CreateRepository", { repositoryName: "app" });
  server.asked.length = 0;
});

async function refused(operation: string, input: unknown): Promise<readonly [unknown, unknown]> {
  const { status, body } = await callJson(server, operation, input);
  expect(status).toBe(400);
  return [body["__type"], body["message"]];
}

const set = (policyText: string, more = {}): ReturnType<typeof callJson> =>
  callJson(server, "SetRepositoryPolicy", { repositoryName: "app", policyText, ...more });

describe("repository policies", () => {
  const named = { repositoryName: "app" };
  const answer = { registryId: ACCOUNT, repositoryName: "app", policyText: POLICY };

  test("are kept as they were given, and deleted with a last look", async () => {
    expect((await set(POLICY)).body).toEqual(answer);
    expect((await callJson(server, "GetRepositoryPolicy", named)).body).toEqual(answer);
    expect((await callJson(server, "DeleteRepositoryPolicy", named)).body).toEqual(answer);
    expect((await refused("GetRepositoryPolicy", named))[0]).toBe("RepositoryPolicyNotFoundException");
  });

  test.each(["GetRepositoryPolicy", "DeleteRepositoryPolicy"])("%s of none", async (operation) => {
    expect(await refused(operation, named)).toEqual([
      "RepositoryPolicyNotFoundException",
      `Repository policy does not exist for the repository with name 'app' in the registry with id '${ACCOUNT}'`,
    ]);
  });

  test.each(["SetRepositoryPolicy", "GetRepositoryPolicy", "DeleteRepositoryPolicy"])(
    "%s of a repository that is missing",
    async (operation) => {
      expect(await refused(operation, { repositoryName: "zz", policyText: POLICY })).toEqual([
        "RepositoryNotFoundException",
        `The repository with name 'zz' does not exist in the registry with id '${ACCOUNT}'`,
      ]);
    },
  );

  test.each(["SetRepositoryPolicy", "GetRepositoryPolicy", "DeleteRepositoryPolicy"])(
    "%s asks for its own action before it looks",
    async (operation) => {
      server.denied.set(`ecr:${operation}`, "denied");
      expect(await refused(operation, { repositoryName: "zz", policyText: "?" })).toEqual([
        "AccessDeniedException",
        "denied",
      ]);
      expect(server.asked).toEqual([
        expect.objectContaining({
          action: `ecr:${operation}`,
          resource: `arn:aws:ecr:${REGION}:${ACCOUNT}:repository/zz`,
        }),
      ]);
    },
  );

  test("a document that is none is refused with the words that Terraform looks for", async () => {
    expect(await refused("SetRepositoryPolicy", { ...named, policyText: "?" })).toEqual([
      "InvalidParameterException",
      "Invalid parameter at 'PolicyText' failed to satisfy constraint: 'Invalid repository policy provided: the document is no JSON'",
    ]);
  });

  test("a document that locks its author out needs force", async () => {
    const locking = '{"Statement":{"Effect":"Deny"}}';
    const [code, message] = await refused("SetRepositoryPolicy", { ...named, policyText: locking });
    expect(code).toBe("InvalidParameterException");
    expect(message).toContain("Invalid repository policy provided: it would keep the caller from setting");
    expect((await set(locking, { force: true })).status).toBe(200);
  });

  test("a document that is too long", async () => {
    expect(await refused("SetRepositoryPolicy", { ...named, policyText: " ".repeat(10_241) })).toEqual([
      "InvalidParameterException",
      "Invalid parameter at 'policyText' failed to satisfy constraint: 'Member must have length less than or equal to 10240'",
    ]);
  });
});

describe("registry policies", () => {
  const answer = { registryId: ACCOUNT, policyText: POLICY };

  test("are kept as they were given, and deleted with a last look", async () => {
    expect((await callJson(server, "PutRegistryPolicy", { policyText: POLICY })).body).toEqual(answer);
    expect((await callJson(server, "GetRegistryPolicy", {})).body).toEqual(answer);
    expect((await callJson(server, "DeleteRegistryPolicy", {})).body).toEqual(answer);
    expect((await refused("GetRegistryPolicy", {}))[0]).toBe("RegistryPolicyNotFoundException");
  });

  test.each(["GetRegistryPolicy", "DeleteRegistryPolicy"])("%s of none", async (operation) => {
    expect(await refused(operation, {})).toEqual([
      "RegistryPolicyNotFoundException",
      `Registry policy does not exist in the registry with id '${ACCOUNT}'`,
    ]);
  });

  test.each(["PutRegistryPolicy", "GetRegistryPolicy", "DeleteRegistryPolicy"])(
    "%s asks for its own action on everything",
    async (operation) => {
      server.denied.set(`ecr:${operation}`, "denied");
      expect(await refused(operation, { policyText: "?" })).toEqual(["AccessDeniedException", "denied"]);
      expect(server.asked).toEqual([expect.objectContaining({ action: `ecr:${operation}`, resource: "*" })]);
    },
  );

  test("a document that is none", async () => {
    expect(await refused("PutRegistryPolicy", { policyText: "?" })).toEqual([
      "InvalidParameterException",
      "Invalid parameter at 'PolicyText' failed to satisfy constraint: 'Invalid registry policy provided: the document is no JSON'",
    ]);
  });
});
