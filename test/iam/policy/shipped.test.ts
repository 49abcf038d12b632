import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { CasbinDecider } from "../../../src/adapters/casbin/decider.ts";
import { readAwsPolicies } from "../../../src/adapters/postgres/iam/index.ts";
import type { Access, AttachedPolicy } from "../../../src/iam/policy/access.ts";
import {
  type ParseOptions,
  parsePolicyDocument,
  readStoredDocument,
} from "../../../src/iam/policy/document.ts";
import { evaluate } from "../../../src/iam/policy/evaluate.ts";
import { ACCOUNT, aContext, anAccess, aUser, CI, OTHER_ACCOUNT } from "./builders.ts";

const decider = new CasbinDecider();
const folder = new URL("../../../policies/", import.meta.url);
const repository = (name: string): string => `arn:aws:ecr:eu-north-1:${ACCOUNT}:repository/${name}`;

function shipped(path: string, kind: ParseOptions["kind"]): AttachedPolicy {
  const text = readFileSync(new URL(`${path}.json`, folder), "utf8");
  return { label: path, document: parsePolicyDocument(text, { kind }) };
}

const allows = (more: Partial<Access>): boolean => evaluate(anAccess(more), decider).allowed;

describe("managed policies", () => {
  const token = "ecr:GetAuthorizationToken";
  const pull = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"];
  const reads = [
    "ecr:BatchCheckLayerAvailability",
    "ecr:ListImages",
    "ecr:DescribeImages",
    "ecr:GetRepositoryPolicy",
    "ecr:DescribeImageScanFindings",
    "ecr:GetLifecyclePolicy",
    "ecr:ListTagsForResource",
    "ecr:DescribeRepositories",
  ];
  const push = ["ecr:InitiateLayerUpload", "ecr:UploadLayerPart", "ecr:CompleteLayerUpload", "ecr:PutImage"];
  const rest = [
    "ecr:BatchDeleteImage",
    "ecr:CreateRepository",
    "ecr:SetRepositoryPolicy",
    "ecr:DeleteRepository",
  ];
  const all = [token, ...pull, "ecr:BatchImportUpstreamImage", ...reads, ...push, ...rest];
  const cases: readonly [string, string[]][] = [
    ["AmazonEC2ContainerRegistryPullOnly", [token, ...pull, "ecr:BatchImportUpstreamImage"]],
    ["AmazonEC2ContainerRegistryReadOnly", [token, ...pull, ...reads]],
    ["AmazonEC2ContainerRegistryPowerUser", [token, ...pull, ...reads, ...push]],
    ["AmazonEC2ContainerRegistryFullAccess", all],
    ["service-role/AmazonECSTaskExecutionRolePolicy", [token, ...pull, "ecr:BatchCheckLayerAvailability"]],
  ];
  test.each(cases)("%s", (name, granted) => {
    const identity = [shipped(`managed/${name}`, "identity")];
    expect(all.filter((action) => allows({ identity, action }))).toEqual(granted);
  });
  test("are these and no others", () => {
    const files = readdirSync(new URL("managed/", folder), { recursive: true })
      .map(String)
      .filter((each) => each.endsWith(".json"));
    expect(files.sort()).toEqual(cases.map(([name]) => `${name}.json`).sort());
  });
});

describe("policies of AWS that are a line each", () => {
  const aws = readAwsPolicies();
  const named = (name: string): AttachedPolicy => {
    const found = aws.find(`arn:aws:iam::aws:policy/${name}`);
    if (found === undefined) throw new Error(`${name} is not shipped`);
    return { label: name, document: readStoredDocument(found.document, { kind: "identity" }) };
  };
  const actions = [
    "ecr:PutImage",
    "ecs:RunTask",
    "iam:CreateUser",
    "iam:GetUser",
    "sts:AssumeRole",
    "s3:GetObject",
  ];
  test.each<[string, string[]]>([
    ["AdministratorAccess", actions],
    ["PowerUserAccess", ["ecr:PutImage", "ecs:RunTask", "sts:AssumeRole", "s3:GetObject"]],
    ["ReadOnlyAccess", ["iam:GetUser"]],
    ["SecurityAudit", ["iam:GetUser"]],
    ["IAMFullAccess", ["iam:CreateUser", "iam:GetUser"]],
    ["IAMReadOnlyAccess", ["iam:GetUser"]],
    ["AmazonECS_FullAccess", ["ecs:RunTask"]],
    ["AmazonEKSWorkerNodePolicy", []],
    ["AWSDenyAll", []],
  ])("%s", (name, granted) => {
    const identity = [named(name)];
    expect(actions.filter((action) => allows({ identity, action }))).toEqual(granted);
  });

  test("are those that roles of container hosts are given", () => {
    const identity = [named("service-role/AmazonEC2ContainerServiceforEC2Role")];
    const wanted = [
      "ecr:GetAuthorizationToken",
      "ecr:BatchGetImage",
      "ecr:PutImage",
      "ecs:Poll",
      "ecs:SubmitTaskStateChange",
    ];
    expect(wanted.filter((action) => allows({ identity, action }))).toEqual(
      wanted.filter((each) => each !== "ecr:PutImage"),
    );
  });

  test("can all be read, and have a name of their own", () => {
    expect(aws.all.length).toBeGreaterThan(400);
    expect(new Set(aws.all.map(({ name }) => name)).size).toBe(aws.all.length);
    for (const { document, name } of aws.all) {
      expect(readStoredDocument(document, { kind: "identity" }).unreadable, name).toBeUndefined();
    }
  });
});

describe("examples", () => {
  test("CI push role: pushes below its prefix, deletes nothing, is assumed from one branch", () => {
    const identity = [shipped("examples/ci-push-role", "identity")];
    const may = (action: string, resource: string): boolean =>
      allows({ caller: CI, identity, action, resource });
    expect(may("ecr:GetAuthorizationToken", "*")).toBe(true);
    expect(may("ecr:PutImage", repository("apps/web"))).toBe(true);
    expect(may("ecr:PutImage", repository("base/web"))).toBe(false);
    expect(may("ecr:BatchDeleteImage", repository("apps/web"))).toBe(false);
    const provider = `arn:aws:iam::${ACCOUNT}:oidc-provider/token.actions.githubusercontent.com`;
    const assume = (branch: string): boolean =>
      allows({
        caller: { kind: "federated", provider },
        action: "sts:AssumeRoleWithWebIdentity",
        resource: `arn:aws:iam::${ACCOUNT}:role/ci`,
        resourcePolicies: [shipped("examples/ci-push-role.trust", "trust")],
        context: aContext({
          "token.actions.githubusercontent.com:aud": "sts.amazonaws.com",
          "token.actions.githubusercontent.com:sub": `repo:example/app:ref:refs/heads/${branch}`,
        }),
      });
    expect([assume("main"), assume("feature")]).toEqual([true, false]);
  });

  test("cross-account pull", () => {
    const all = {
      label: "all",
      document: parsePolicyDocument('{"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}', {
        kind: "identity",
      }),
    };
    const resourcePolicies = [shipped("examples/cross-account-pull", "repository")];
    const may = (account: string, action: string): boolean =>
      allows({ caller: aUser("carol", account), identity: [all], action, resourcePolicies });
    expect(may(OTHER_ACCOUNT, "ecr:BatchGetImage")).toBe(true);
    expect(may(OTHER_ACCOUNT, "ecr:PutImage")).toBe(false);
    expect(may("111111111111", "ecr:BatchGetImage")).toBe(false);
  });

  test("pull from one network only", () => {
    const identity = [shipped("managed/AmazonEC2ContainerRegistryPowerUser", "identity")];
    const resourcePolicies = [shipped("examples/pull-from-one-network", "repository")];
    const may = (action: string, address: string): boolean =>
      allows({ identity, resourcePolicies, action, context: aContext({ "aws:SourceIp": address }) });
    expect(may("ecr:BatchGetImage", "203.0.113.9")).toBe(true);
    expect(may("ecr:BatchGetImage", "2001:db8:1234::9")).toBe(true);
    expect(may("ecr:BatchGetImage", "198.51.100.1")).toBe(false);
    expect(may("ecr:PutImage", "198.51.100.1")).toBe(true);
  });

  test("team prefix by tag", () => {
    const identity = [shipped("examples/team-prefix-by-tag", "identity")];
    const may = (team: string | undefined, name: string): boolean =>
      allows({
        identity,
        resource: repository(name),
        action: "ecr:PutImage",
        context: aContext(team === undefined ? {} : { "aws:PrincipalTag/team": team }),
      });
    expect(may("red", "red/app")).toBe(true);
    expect(may("red", "blue/app")).toBe(false);
    expect(may(undefined, "red/app")).toBe(false);
    expect(may("*", "red/app")).toBe(false);
  });

  test("are all listed in the README", () => {
    const readme = readFileSync(new URL("README.md", folder), "utf8");
    for (const name of readdirSync(new URL("examples/", folder))) expect(readme).toContain(`\`${name}\``);
  });
});
