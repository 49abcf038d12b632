import { afterAll, beforeEach, expect, test } from "vitest";
import { ACCOUNT, callJson, REGION } from "../http/aws/support/aws-server.ts";
import { startEcrServer } from "./support/ecr-server.ts";

const server = await startEcrServer();
afterAll(() => server[Symbol.asyncDispose]());
beforeEach(() => server.reset());

const repositoryName = "team/app";
const resource = `arn:aws:ecr:${REGION}:${ACCOUNT}:repository/${repositoryName}`;

/** What operations are asked for, and the permission that they need before they look for anything. */
const CALLS = [
  ["DescribeImages", {}],
  ["DescribeImages", { imageIds: [{ imageTag: "a" }] }],
  ["ListImages", {}],
  ["PutImage", { imageManifest: "{}" }],
  ["BatchGetImage", { imageIds: [{ imageTag: "a" }] }],
  ["BatchDeleteImage", { imageIds: [{ imageTag: "a" }] }],
] as const;

test.each(CALLS)("%s asks for its permission before it looks: %o", async (operation, more) => {
  const action = `ecr:${operation}`;
  server.denied.set(action, "because the test says so");
  const { status, body } = await callJson(server, operation, { repositoryName, ...more });
  expect([status, body["__type"]]).toEqual([400, "AccessDeniedException"]);
  expect(server.asked).toMatchObject([{ action, resource }]);
});

test.each([
  ["RegisterPullTimeUpdateExclusion", { principalArn: `arn:aws:iam::${ACCOUNT}:user/x` }],
  ["DeregisterPullTimeUpdateExclusion", { principalArn: `arn:aws:iam::${ACCOUNT}:user/x` }],
  ["ListPullTimeUpdateExclusions", {}],
] as const)("%s asks for its permission on everything", async (operation, input) => {
  const action = `ecr:${operation}`;
  server.denied.set(action, "because the test says so");
  expect((await callJson(server, operation, input)).body["__type"]).toBe("AccessDeniedException");
  expect(server.asked).toMatchObject([{ action, resource: "*" }]);
});

test("ListImageReferrers takes the permission of a pull, or its own", async () => {
  const [own, pull] = ["ecr:ListImageReferrers", "ecr:BatchGetImage"];
  const call = async (...denied: string[]): Promise<unknown> => {
    await server.reset();
    for (const action of denied) server.denied.set(action, `${action} is denied`);
    const subjectId = { imageDigest: `sha256:${"0".repeat(64)}` };
    const { body } = await callJson(server, "ListImageReferrers", { repositoryName, subjectId });
    expect(server.asked.every((asked) => asked.resource === resource)).toBe(true);
    return body["__type"];
  };
  expect(await call(own)).toBe("RepositoryNotFoundException");
  expect(await call(pull)).toBe("RepositoryNotFoundException");
  expect(await call(own, pull)).toBe("AccessDeniedException");
});
