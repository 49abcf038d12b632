import { beforeEach, describe, expect, test } from "vitest";
import { ResourcePolicyRules } from "../../../src/iam/access/policy-rules.ts";
import { ACCOUNT, OTHER_ACCOUNT, REPOSITORY } from "../policy/builders.ts";
import { ALICE } from "./identities.ts";
import { allow, grant, makeWorld, policy, type World } from "./world.ts";

const iam = (name: string, account = ACCOUNT): string => `arn:aws:iam::${account}:${name}`;

let world: World;
let rules: ResourcePolicyRules;

beforeEach(() => {
  world = makeWorld(() => undefined);
  rules = new ResourcePolicyRules(world.authorizer);
});

describe("a repository policy is refused with the place and the rule", () => {
  test.each([
    ["no JSON", "{", /^the document: /],
    ["no object", "[]", "the document: must be a JSON object, not []"],
    ["an unknown element", '{"Statements":[]}', "Statements: is not an element of a policy document"],
    ["no statement", '{"Version":"2012-10-17","Statement":[]}', /^Statement: /],
    ["another version", '{"Version":"2030-01-01","Statement":[]}', /^Version: must be/],
    ["more than ECR takes", `{"Id":"${"x".repeat(10_240)}"}`, /may have 10240$/],
    [
      "no principal",
      policy({ Effect: "Allow", Action: "ecr:*" }),
      /^Statement\[0\]: must have exactly one of/,
    ],
    ["another service", policy(grant("*", "s3:GetObject")), /^Statement\[0\]\.Action/],
    [
      "another repository",
      policy(grant("*", "ecr:*", { Resource: `${REPOSITORY}2` })),
      /^Statement\[0\]\.Resource/,
    ],
    [
      "a principal that is none",
      policy(grant({ AWS: "alice" }, "ecr:*")),
      /^Statement\[0\]\.Principal\.AWS: /,
    ],
  ])("%s", async (_, text, says) => {
    expect(await rules.repositoryPolicyProblem(text, REPOSITORY)).toMatch(says);
  });
});

describe("a registry policy", () => {
  const registryProblem = (...statements: readonly object[]) =>
    rules.registryPolicyProblem(policy(...statements), "V2");

  test("names resources, and any action of ECR", async () => {
    expect(await registryProblem(grant({ AWS: OTHER_ACCOUNT }, "ecr:*", { Resource: "*" }))).toBeUndefined();
    expect(await registryProblem(grant("*", "ecr:*"))).toMatch(/^Statement\[0\]/);
  });

  test("of scope V1 names no other action than its three, or all", async () => {
    const problemOf = (action: string) =>
      rules.registryPolicyProblem(policy(grant({ AWS: OTHER_ACCOUNT }, action, { Resource: "*" })), "V1");
    for (const action of ["ecr:ReplicateImage", "ecr:CreateRepository", "ecr:*"]) {
      expect(await problemOf(action), action).toBeUndefined();
    }
    expect(await problemOf("ecr:ListImages")).toMatch(/^Statement\[0\]\.Action/);
  });
});

const CONTEXT = { sourceIp: "192.0.2.7", secureTransport: true, time: new Date(0), userAgent: "test" };

describe("a policy keeps its author's access", () => {
  test("where its author's own policy asks from where the call comes", async () => {
    const condition = { IpAddress: { "aws:SourceIp": "192.0.2.0/24" } };
    world.principal(ALICE.uniqueId, {
      identity: policy({ ...allow("ecr:SetRepositoryPolicy"), Condition: condition }),
    });
    expect(await keeps(grant("*", "ecr:BatchGetImage"))).toBe(true);
  });

  const keeps = (...statements: readonly object[]) =>
    rules.keepsAccess(ALICE, policy(...statements), REPOSITORY, CONTEXT);

  test("when it leaves the author's own policies alone", async () => {
    world.principal(ALICE.uniqueId, { identity: policy(allow("ecr:SetRepositoryPolicy")) });
    expect(await keeps(grant("*", "ecr:BatchGetImage"))).toBe(true);
    expect(await keeps(grant({ AWS: iam("user/x", OTHER_ACCOUNT) }, "ecr:*", { Effect: "Deny" }))).toBe(true);
  });

  test("or gives what they lack", async () => {
    world.principal(ALICE.uniqueId, {});
    expect(await keeps(grant({ AWS: ALICE.arn }, "ecr:SetRepositoryPolicy"))).toBe(true);
    expect(await keeps(grant("*", "ecr:BatchGetImage"))).toBe(false);
  });

  test.each(["ecr:SetRepositoryPolicy", "ecr:*"])("and not when it denies %s", async (action) => {
    world.principal(ALICE.uniqueId, { identity: policy(allow("*")) });
    expect(await keeps(grant("*", "ecr:*"), grant("*", action, { Effect: "Deny" }))).toBe(false);
  });
});
