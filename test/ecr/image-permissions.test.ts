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
] as const;

test.each(CALLS)("%s asks for its permission before it looks: %o", async (operation, more) => {
  const action = `ecr:${operation}`;
  server.denied.set(action, "because the test says so");
  const { status, body } = await callJson(server, operation, { repositoryName, ...more });
  expect([status, body["__type"]]).toEqual([400, "AccessDeniedException"]);
  expect(server.asked).toMatchObject([{ action, resource }]);
});
