import { afterAll, beforeEach, expect, test } from "vitest";
import { ACCOUNT, callJson, REGION } from "../http/aws/support/aws-server.ts";
import { startEcrServer } from "./support/ecr-server.ts";

const server = await startEcrServer();
afterAll(() => server[Symbol.asyncDispose]());
beforeEach(async () => {
  await server.reset();
  await callJson(server, "CreateRepository", { repositoryName: "app" });
  server.asked.length = 0;
});

/** With blanks and an order of its own, which nobody may touch. */
const POLICY = `{ "rules": [ {"action":{"type":"expire"},
  "selection": {"countType":"imageCountMoreThan","countNumber":100,"tagStatus":"any"},
  "description": "keep 100", "rulePriority": 1 } ] }`;
const named = { repositoryName: "app" };
const withText = (lifecyclePolicyText: string) => ({ ...named, lifecyclePolicyText });
const kept = { registryId: ACCOUNT, ...withText(POLICY) };
const OPERATIONS = ["PutLifecyclePolicy", "GetLifecyclePolicy", "DeleteLifecyclePolicy"] as const;

async function refused(operation: string, input: unknown): Promise<readonly [unknown, unknown]> {
  const { status, body } = await callJson(server, operation, input);
  expect(status).toBe(400);
  return [body["__type"], body["message"]];
}

test("a policy is kept as it was given, and deleted with a last look", async () => {
  expect((await callJson(server, "PutLifecyclePolicy", withText(POLICY))).body).toEqual(kept);
  const shown = { ...kept, lastEvaluatedAt: 0 };
  expect((await callJson(server, "GetLifecyclePolicy", named)).body).toEqual(shown);
  expect((await callJson(server, "DeleteLifecyclePolicy", named)).body).toEqual(shown);
  expect((await refused("GetLifecyclePolicy", named))[0]).toBe("LifecyclePolicyNotFoundException");
});

test("a policy replaces the one before as a whole", async () => {
  await callJson(server, "PutLifecyclePolicy", withText(POLICY));
  const next = POLICY.replace("keep 100", "keep some");
  expect((await callJson(server, "PutLifecyclePolicy", withText(next))).status).toBe(200);
  expect((await callJson(server, "GetLifecyclePolicy", named)).body["lifecyclePolicyText"]).toBe(next);
});

test.each(["GetLifecyclePolicy", "DeleteLifecyclePolicy"])("%s of none", async (operation) => {
  expect(await refused(operation, named)).toEqual([
    "LifecyclePolicyNotFoundException",
    `Lifecycle policy does not exist for the repository with name 'app' in the registry with id '${ACCOUNT}'`,
  ]);
});

test.each(OPERATIONS)("%s of a repository that is missing", async (operation) => {
  expect(await refused(operation, { ...withText(POLICY), repositoryName: "zz" })).toEqual([
    "RepositoryNotFoundException",
    `The repository with name 'zz' does not exist in the registry with id '${ACCOUNT}'`,
  ]);
});

test.each(OPERATIONS)("%s asks for its own action before it looks", async (operation) => {
  server.denied.set(`ecr:${operation}`, "denied");
  const input = { repositoryName: "zz", lifecyclePolicyText: "x".repeat(100) };
  expect(await refused(operation, input)).toEqual(["AccessDeniedException", "denied"]);
  expect(server.asked).toEqual([
    expect.objectContaining({
      action: `ecr:${operation}`,
      resource: `arn:aws:ecr:${REGION}:${ACCOUNT}:repository/zz`,
    }),
  ]);
});

test.each<[string, string, string]>([
  ["no JSON", "x".repeat(100), "Could not map policyString into LifecyclePolicy."],
  ["no rules", `{}${" ".repeat(100)}`, 'object has missing required properties (["rules"])'],
  [
    "tags without a list",
    POLICY.replace('"any"', '"tagged"'),
    "Must specify tagPrefixList or tagPatternList when tagStatus=TAGGED.",
  ],
])("a policy that is refused is not kept: %s", async (_, text, why) => {
  expect(await refused("PutLifecyclePolicy", withText(text))).toEqual([
    "InvalidParameterException",
    `Invalid parameter at 'LifecyclePolicyText' failed to satisfy constraint: 'Lifecycle policy validation failure: ${why}'`,
  ]);
  expect((await refused("GetLifecyclePolicy", named))[0]).toBe("LifecyclePolicyNotFoundException");
});

test.each([
  [99, "greater than or equal to 100"],
  [30_721, "less than or equal to 30720"],
])("a text of %d characters", async (length, bound) => {
  expect(await refused("PutLifecyclePolicy", withText(POLICY.padEnd(length, " ").slice(0, length)))).toEqual([
    "InvalidParameterException",
    `Invalid parameter at 'lifecyclePolicyText' failed to satisfy constraint: 'Member must have length ${bound}'`,
  ]);
});

test("a stored text that cannot be read is shown, and can be replaced and deleted", async () => {
  await callJson(server, "PutLifecyclePolicy", withText(POLICY));
  await server.spoilLifecyclePolicy("app", "of an older version");
  const shown = { registryId: ACCOUNT, ...withText("of an older version"), lastEvaluatedAt: 0 };
  expect((await callJson(server, "GetLifecyclePolicy", named)).body).toEqual(shown);
  expect((await callJson(server, "DeleteLifecyclePolicy", named)).body).toEqual(shown);
  await callJson(server, "PutLifecyclePolicy", withText(POLICY));
  await server.spoilLifecyclePolicy("app", "of an older version");
  expect((await callJson(server, "PutLifecyclePolicy", withText(POLICY))).body).toEqual(kept);
});

test("a repository that is made again has none", async () => {
  await callJson(server, "PutLifecyclePolicy", withText(POLICY));
  await callJson(server, "DeleteRepository", named);
  await callJson(server, "CreateRepository", named);
  expect((await refused("GetLifecyclePolicy", named))[0]).toBe("LifecyclePolicyNotFoundException");
});
