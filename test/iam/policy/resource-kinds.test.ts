import { describe, expect, test } from "vitest";
import { CasbinDecider } from "../../../src/adapters/casbin/decider.ts";
import { evaluate } from "../../../src/iam/policy/evaluate.ts";
import { policiesAsked, resourceOf } from "../../../src/iam/policy/resource-kinds.ts";
import { ACCOUNT, ALICE, aDocument, anAccess, attached, OTHER_ACCOUNT, REPOSITORY } from "./builders.ts";

const iam = (name: string): string => `arn:aws:iam::${ACCOUNT}:${name}`;

test.each([
  ["ecr:PutImage", REPOSITORY, ["repository", "registry"]],
  ["ECR:putimage", REPOSITORY, ["repository", "registry"]],
  ["ecr:PutRegistryPolicy", "*", ["registry"]],
  ["sts:AssumeRole", iam("role/ci"), ["trust"]],
  ["sts:TagSession", iam("role/builds/ci"), ["trust"]],
  ["iam:UpdateAssumeRolePolicy", iam("role/ci"), []],
  ["iam:CreateUser", iam("user/ci"), []],
  ["iam:ListUsers", "*", []],
  ["iam:CreateUser", REPOSITORY, []],
  ["sts:GetCallerIdentity", "*", []],
  ["sts:AssumeRole", REPOSITORY, []],
  ["ecr:PutImage", iam("role/ci"), []],
  ["berth:ExplainAccess", "*", []],
  ["s3:GetObject", "arn:aws:s3:::bucket/key", []],
  ["ecr:PutImage", "arn:aws:ecr", []],
  ["", "*", []],
] as const)("%s on %s is a matter of %j", (action, resource, policies) => {
  expect(policiesAsked(action, resource)).toEqual(policies);
});

test("tags go by the name of their service where it has one", () => {
  const prefix = (action: string, resource: string) => resourceOf(action, resource)?.kind.tagPrefix;
  expect(prefix("ecr:PutImage", REPOSITORY)).toBe("ecr");
  expect(prefix("iam:GetUser", iam("user/a"))).toBe("iam");
  expect(prefix("iam:GetPolicy", iam("policy/a"))).toBeUndefined();
});

const everything = (kind: "repository" | "registry", effect: "Allow" | "Deny") =>
  attached(aDocument(kind, { Effect: effect, Principal: "*", Action: "*" }));

describe.each(["repository", "registry"] as const)("the policy of a %s that names everything", (kind) => {
  test.each([
    ["iam:CreateUser", iam("user/ci")],
    ["iam:ListUsers", "*"],
    ["sts:GetCallerIdentity", "*"],
    ["berth:ExplainAccess", "*"],
  ])("has no say over %s on %s", (action, resource) => {
    const decide = (effect: "Allow" | "Deny", identity = [attached(aDocument("identity"))]) => {
      const access = anAccess({ action, resource, identity, resourcePolicies: [everything(kind, effect)] });
      return evaluate(access, new CasbinDecider()).allowed;
    };
    expect(decide("Allow", [])).toBe(false);
    expect(decide("Deny")).toBe(true);
  });
});

describe("the policy of the resource may be mended by whom its own policies let,", () => {
  const actions = [
    ...["ecr:GetRepositoryPolicy", "ecr:SetRepositoryPolicy", "ecr:DeleteRepositoryPolicy"],
    ...["ecr:GetRegistryPolicy", "ecr:PutRegistryPolicy", "ecr:DeleteRegistryPolicy"],
  ];
  const outcome = (access: Parameters<typeof anAccess>[0]) => evaluate(anAccess(access), new CasbinDecider());
  const resourcePolicies = [everything("registry", "Deny")];
  const identity = [attached(aDocument("identity"))];

  test.each(actions)("%s, whatever it says", (action) => {
    expect(outcome({ action, identity, resourcePolicies }).allowed).toBe(true);
  });

  test("and by nobody else: not whom they do not let, or a boundary keeps, or of another account", () => {
    const action = "ecr:SetRepositoryPolicy";
    expect(outcome({ action, resourcePolicies }).allowed).toBe(false);
    const boundary = attached(aDocument("boundary", { Action: "s3:*" }));
    expect(outcome({ action, identity, boundary, resourcePolicies }).allowed).toBe(false);
    const caller = { ...ALICE, account: OTHER_ACCOUNT };
    expect(outcome({ caller, action, identity, resourcePolicies }).allowed).toBe(false);
    expect(outcome({ action: "ecr:DeleteRepository", identity, resourcePolicies }).allowed).toBe(false);
  });
});
