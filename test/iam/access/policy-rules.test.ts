import { beforeEach, describe, expect, test } from "vitest";
import { ResourcePolicyRules } from "../../../src/iam/access/policy-rules.ts";
import type { IdentityStore } from "../../../src/iam/principals/ports/index.ts";
import { ACCOUNT, OTHER_ACCOUNT, REPOSITORY } from "../policy/builders.ts";
import { ALICE } from "./identities.ts";
import { allow, grant, makeWorld, policy, REGION, type World } from "./world.ts";

const REGISTRY = { account: ACCOUNT, region: REGION };
const iam = (name: string, account = ACCOUNT): string => `arn:aws:iam::${account}:${name}`;

/** Found by name in any letter case, as the store has it. */
const ENTITIES = [
  { kind: "user", path: "/", name: "alice" },
  { kind: "user", path: "/staff/", name: "bob" },
  { kind: "role", path: "/builds/", name: "ci" },
];

let world: World;
let asked: string[];
let rules: ResourcePolicyRules;

beforeEach(() => {
  world = makeWorld(() => undefined);
  asked = [];
  const reader = (account: string) => ({
    async findEntity(kind: string, name: string) {
      asked.push(`${account} ${kind} ${name}`);
      if (name === "broken") throw new Error("connection lost");
      const found = ENTITIES.find((each) => each.kind === kind && each.name === name.toLowerCase());
      return found && { ...found, account };
    },
  });
  rules = new ResourcePolicyRules({ reader } as unknown as IdentityStore, world.authorizer);
});

const problem = (...statements: readonly object[]) =>
  rules.repositoryPolicyProblem(policy(...statements), REPOSITORY);

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
    expect(asked).toEqual([]);
  });
});

describe("principals of the policy's account must exist:", () => {
  test.each([iam("user/alice"), iam("user/staff/bob"), iam("role/builds/ci")])("%s does", async (arn) => {
    expect(await problem(grant({ AWS: arn }, "ecr:*"))).toBeUndefined();
    expect(asked).toHaveLength(1);
  });

  test.each([
    ["a user that is not there", iam("user/carol")],
    ["a role that is not there", iam("role/alice")],
    ["a user that is a role", iam("user/builds/ci")],
    ["one on another path", iam("user/staff/alice")],
    ["one without its path", iam("user/bob")],
    ["one in another letter case", iam("user/Alice")],
  ])("%s does not", async (_, arn) => {
    expect(await problem(grant({ AWS: arn }, "ecr:*"))).toBe(`Principal: ${arn} does not exist`);
  });

  test.each(["AIDACKCEVSQ6C2EXAMPLE", "AROACKCEVSQ6C2EXAMPLE"])("the unique id %s does not", async (id) => {
    expect(await problem(grant({ AWS: id }, "ecr:*"))).toBe(`Principal: ${id} does not exist`);
    expect(asked).toEqual([]);
  });

  test("everywhere in the policy, in its exceptions too", async () => {
    const good = grant("*", "ecr:*");
    const listed = grant({ AWS: [iam("user/alice"), iam("user/carol")] }, "ecr:*");
    expect(await problem(good, listed)).toBe(`Principal: ${iam("user/carol")} does not exist`);
    const { Principal: _, ...deny } = { ...grant("*", "ecr:*"), Principal: undefined, Effect: "Deny" };
    const except = { ...deny, NotPrincipal: { AWS: [ACCOUNT, iam("role/dave")] } };
    expect(await problem(except)).toBe(`Principal: ${iam("role/dave")} does not exist`);
  });

  test.each([
    ["everyone", "*"],
    ["the account", { AWS: ACCOUNT }],
    ["its root", { AWS: iam("root") }],
    ["a session", { AWS: `arn:aws:sts::${ACCOUNT}:assumed-role/ci/run-7` }],
    ["users and roles of others", { AWS: [iam("user/x", OTHER_ACCOUNT), iam("role/y", OTHER_ACCOUNT)] }],
    ["a service", { Service: "ecr.amazonaws.com" }],
  ])("%s is not looked up", async (_, principal) => {
    expect(await problem(grant(principal, "ecr:*"))).toBeUndefined();
    expect(asked).toEqual([]);
  });

  test("a failure to look is none of the policy's", async () => {
    await expect(problem(grant({ AWS: iam("user/broken") }, "ecr:*"))).rejects.toThrow("connection lost");
  });
});

describe("a registry policy", () => {
  const registryProblem = (...statements: readonly object[]) =>
    rules.registryPolicyProblem(policy(...statements), REGISTRY);

  test("names resources, and any action of ECR", async () => {
    expect(await registryProblem(grant({ AWS: OTHER_ACCOUNT }, "ecr:*", { Resource: "*" }))).toBeUndefined();
    expect(await registryProblem(grant("*", "ecr:*"))).toMatch(/^Statement\[0\]/);
  });

  test("names principals that exist in its account", async () => {
    const statement = grant({ AWS: iam("user/carol") }, "ecr:*", { Resource: "*" });
    expect(await registryProblem(statement)).toBe(`Principal: ${iam("user/carol")} does not exist`);
    expect(asked).toEqual([`${ACCOUNT} user carol`]);
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
