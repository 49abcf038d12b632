import { expect, test } from "vitest";
import { CasbinDecider } from "../../../src/adapters/casbin/decider.ts";
import model from "../../../src/aws-models/ecr.json" with { type: "json" };
import { explain } from "../../../src/iam/policy/explain.ts";
import { unknownActions } from "../../../src/iam/policy/known-actions.ts";
import { anAccess, attached, parse } from "./builders.ts";

test("every operation of ECR is an action", () => {
  const actions = Object.keys(model.operations).map((operation) => `ecr:${operation}`);
  expect(actions).toHaveLength(62);
  expect(unknownActions(actions)).toEqual([]);
});

test.each([
  [["ecr:PutImages", "ecr:GetImages*", "ECR:batchgetimag", "sts:AssumeRoles", "berth:Explain", "sts:"], true],
  [["*", "ecr:*", "ecr:Put*", "ecr:?utImage", "ecr:ReplicateImage", "sts:TagSession"], false],
  [["s3:GetObjekt", "iam:CreateUsers", "nothing"], false],
])("%j are unknown: %s", (actions, unknown) => {
  expect(unknownActions(actions)).toEqual(unknown ? actions : []);
});

test("an explanation names the actions of a statement that are none, in a Deny too", () => {
  const statement = { Effect: "Deny", Action: ["ecr:PutImage", "ecr:BatchGetImages"], Resource: "*" };
  const fine = { Effect: "Allow", Action: "ecr:*", Resource: "*" };
  const access = anAccess({ identity: [attached(parse("identity", [statement, fine]))] });
  const [considered] = explain(access, new CasbinDecider()).considered;
  expect(considered?.statements.map((each) => each.unknownActions)).toEqual([
    ["ecr:BatchGetImages"],
    undefined,
  ]);
});

test("to look for misspelt actions takes steps, as comparing them does", () => {
  const misspelt = Array.from({ length: 300 }, (_, at) => `ecr:*x${at}`);
  const policies = Array.from({ length: 200 }, () =>
    parse("identity", [{ Effect: "Allow", Action: misspelt, Resource: "*" }]),
  );
  const access = anAccess({ identity: policies.map((document) => attached(document)) });
  const { considered } = explain(access, new CasbinDecider());
  expect(considered[0]?.statements[0]?.unknownActions).toHaveLength(300);
  expect(considered.at(-1)?.statements[0]).toMatchObject({ uncompared: true });
});
