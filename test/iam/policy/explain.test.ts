import { describe, expect, test } from "vitest";
import { CasbinDecider } from "../../../src/adapters/casbin/decider.ts";
import type { Access } from "../../../src/iam/policy/access.ts";
import type { Caller } from "../../../src/iam/policy/caller.ts";
import { type Explanation, explain } from "../../../src/iam/policy/explain.ts";
import { smallestStatements } from "../../../src/iam/policy/remedy.ts";
import {
  ACCOUNT,
  ALICE,
  aContext,
  aDocument,
  anAccess,
  attached,
  aUser,
  CI,
  OTHER_ACCOUNT,
  parse,
  REPOSITORY,
  ROOT,
} from "./builders.ts";

const decider = new CasbinDecider();
const STRANGER = aUser("carol", OTHER_ACCOUNT);
const remedies = (more: Partial<Access>) => smallestStatements(anAccess(more), decider);

/** Why the first statement of the first document did not match. */
function mismatches(
  element: object,
  kind: "identity" | "repository" = "identity",
  more: Partial<Access> = {},
) {
  const policy = attached(aDocument(kind, element));
  const access = anAccess({
    ...more,
    ...(kind === "identity" ? { identity: [policy] } : { resourcePolicies: [policy] }),
  });
  const { considered }: Explanation = explain(access, decider);
  return considered[0]?.statements[0]?.mismatches;
}

describe("an explanation says why a statement did not match:", () => {
  test("principal", () => {
    expect(mismatches({ Principal: { AWS: [CI.role] } }, "repository")).toEqual([
      { element: "Principal", wanted: [CI.role], found: ALICE.arn },
    ]);
    expect(
      mismatches({ Effect: "Deny", Principal: undefined, NotPrincipal: { AWS: ACCOUNT } }, "repository"),
    ).toEqual([{ element: "NotPrincipal", wanted: [ACCOUNT], found: ALICE.arn }]);
  });
  test("action", () => {
    expect(mismatches({ Action: ["ecr:Put*"] })).toEqual([
      { element: "Action", wanted: ["ecr:Put*"], found: "ecr:BatchGetImage" },
    ]);
    expect(mismatches({ Action: undefined, NotAction: "ecr:*" })).toEqual([
      { element: "NotAction", wanted: ["ecr:*"], found: "ecr:BatchGetImage" },
    ]);
  });
  test("resource", () => {
    expect(mismatches({ Resource: "arn:aws:s3:::x" })).toEqual([
      { element: "Resource", wanted: ["arn:aws:s3:::x"], found: REPOSITORY },
    ]);
    expect(mismatches({ Resource: undefined, NotResource: "*" })).toEqual([
      { element: "NotResource", wanted: ["*"], found: REPOSITORY },
    ]);
  });
  test("condition: key, operator, what was wanted and what was found", () => {
    const Condition = {
      IpAddress: { "aws:SourceIp": "10.0.0.0/8" },
      StringEquals: { "aws:username": ["a", "b"] },
      Bool: { "aws:SecureTransport": "true" },
    };
    const context = aContext({ "aws:SourceIp": "192.0.2.1", "aws:SecureTransport": "true" });
    expect(mismatches({ Condition }, "identity", { context })).toEqual([
      {
        element: "Condition",
        operator: "IpAddress",
        key: "aws:SourceIp",
        wanted: ["10.0.0.0/8"],
        found: ["192.0.2.1"],
      },
      { element: "Condition", operator: "StringEquals", key: "aws:username", wanted: ["a", "b"], found: [] },
    ]);
  });
  test("all of it at once, and nothing where it matches", () => {
    expect(
      mismatches({
        Action: "ecr:PutImage",
        Resource: "arn:aws:s3:::x",
        Condition: { Null: { "aws:x": "false" } },
      }),
    ).toHaveLength(3);
    expect(mismatches({})).toEqual([]);
  });
});

test("an explanation lists every document that has a say, in order, with every statement", () => {
  const identity = attached(
    parse("identity", [
      { Sid: "One", Effect: "Allow", Action: "*", Resource: "*" },
      { Effect: "Deny", Action: "s3:*", Resource: "*" },
    ]),
  );
  const boundary = attached(aDocument("boundary"));
  const v1 = attached(aDocument("registry", { Action: "ecr:*" }, { scope: "V1" }));
  const repository = attached(aDocument("repository"));
  const { verdict, considered } = explain(
    anAccess({ identity: [identity], boundary, resourcePolicies: [repository, v1] }),
    decider,
  );
  expect(verdict.allowed).toBe(true);
  expect(considered.map(({ role, policy }) => [role, policy])).toEqual([
    ["identity", identity],
    ["boundary", boundary],
    ["resource", repository],
  ]);
  expect(considered[0]?.statements).toMatchObject([
    { index: 0, sid: "One", effect: "Allow" },
    { index: 1, sid: undefined, effect: "Deny" },
  ]);
});

test("an explanation tells where the account is named only, and its own policies are asked", () => {
  const delegating = (AWS: string, caller: Caller) => {
    const resourcePolicies = [attached(aDocument("repository", { Principal: { AWS } }))];
    const [statement] =
      explain(anAccess({ caller, resourcePolicies }), decider).considered[0]?.statements ?? [];
    return [statement?.mismatches.length, statement?.delegates];
  };
  expect(delegating(ACCOUNT, ALICE)).toEqual([0, true]);
  expect(delegating(ALICE.arn, ALICE)).toEqual([0, false]);
  expect(delegating(OTHER_ACCOUNT, STRANGER)).toEqual([0, false]);
  expect(delegating(ACCOUNT, ROOT)).toEqual([0, false]);
});

describe("the smallest statement that would allow", () => {
  const statement = { Effect: "Allow", Action: "ecr:BatchGetImage", Resource: REPOSITORY };
  test("is none for what is allowed", () => {
    expect(remedies({ identity: [attached(aDocument("identity"))] })).toEqual([]);
  });
  test("goes to a policy of the user inside the account, or of the role of a session", () => {
    expect(remedies({})).toEqual([
      { change: "add", role: "identity", to: `a policy of ${ALICE.arn}`, statement },
    ]);
    expect(remedies({ caller: CI })).toMatchObject([{ to: `a policy of ${CI.role}` }]);
  });
  test("goes to both sides across accounts", () => {
    expect(remedies({ caller: STRANGER })).toEqual([
      { change: "add", role: "identity", to: `a policy of ${STRANGER.arn}`, statement },
      {
        change: "add",
        role: "resource",
        to: `the policy of ${REPOSITORY}`,
        statement: { Effect: "Allow", Principal: { AWS: STRANGER.arn }, Action: statement.Action },
      },
    ]);
  });
  test("goes to the boundary and the session policy where these narrow", () => {
    const access = {
      caller: CI,
      identity: [attached(aDocument("identity"))],
      boundary: attached(aDocument("boundary", { Action: "s3:*" }), "limits"),
      session: [attached(aDocument("session", { Action: "s3:*" }))],
    };
    expect(remedies(access)).toEqual([
      { change: "add", role: "boundary", to: `the permissions boundary of ${CI.role} (limits)`, statement },
      { change: "add", role: "session", to: `the session policy that ${CI.arn} was made with`, statement },
    ]);
  });
  test("goes to the repository policy for everyone where the caller is anonymous", () => {
    expect(remedies({ caller: { kind: "anonymous" } })).toMatchObject([
      { role: "resource", statement: { Principal: "*" } },
    ]);
    expect(
      remedies({ caller: { kind: "anonymous" }, action: "ecr:GetAuthorizationToken", resource: "*" }),
    ).toEqual([{ change: "none", role: "identity" }]);
  });
  test("goes to the registry policy where no repository is named", () => {
    expect(remedies({ caller: STRANGER, action: "ecr:DescribeRegistry", resource: "*" })[1]).toMatchObject({
      to: `the registry policy of ${ACCOUNT}`,
      statement: { Resource: "*", Principal: { AWS: STRANGER.arn } },
    });
  });
  test("goes to the trust policy of a role", () => {
    const resource = `arn:aws:iam::${ACCOUNT}:role/target`;
    const trust = attached(aDocument("trust", { Principal: { AWS: OTHER_ACCOUNT } }));
    expect(remedies({ action: "sts:AssumeRole", resource, resourcePolicies: [trust] })).toEqual([
      {
        change: "add",
        role: "trust",
        to: `the trust policy of ${resource}`,
        statement: { Effect: "Allow", Principal: { AWS: ALICE.arn }, Action: "sts:AssumeRole" },
      },
    ]);
  });
  test("is none where no policy can have it", () => {
    expect(remedies({ action: "PutImage" })).toEqual([{ change: "none", role: "identity" }]);
  });
  test("is none in the owner's account where no policy of a resource is asked", () => {
    const elsewhere = { caller: STRANGER, action: "iam:GetUser", resource: `arn:aws:iam::${ACCOUNT}:user/a` };
    expect(remedies(elsewhere)).toMatchObject([
      { change: "add", role: "identity" },
      { change: "none", role: "resource" },
    ]);
  });
  test("is none against a Deny: that has to change", () => {
    const policy = attached(aDocument("identity", { Effect: "Deny", Sid: "Never" }));
    expect(remedies({ identity: [policy] })).toEqual([
      { change: "amend", decisive: { role: "identity", policy, statement: 0, sid: "Never" } },
    ]);
  });
});
