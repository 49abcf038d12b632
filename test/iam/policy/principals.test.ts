import { describe, expect, test } from "vitest";
import type { Caller } from "../../../src/iam/policy/caller.ts";
import { PolicyError } from "../../../src/iam/policy/errors.ts";
import { directness, excepts, parsePrincipals } from "../../../src/iam/policy/principals.ts";
import { ACCOUNT, ALICE, aUser, BOB, CI, OTHER_ACCOUNT, ROOT } from "./builders.ts";

const PROVIDER = `arn:aws:iam::${ACCOUNT}:oidc-provider/token.actions.githubusercontent.com`;
const CALLERS = {
  root: ROOT,
  alice: ALICE,
  bob: aUser("bob"),
  stranger: aUser("alice", OTHER_ACCOUNT),
  session: CI,
  otherSession: { ...CI, arn: `${CI.arn}8` },
  vouched: BOB,
  vouchedByRoot: { ...BOB, arn: `${BOB.arn}by`, user: undefined },
  service: { kind: "service", service: "ecr.amazonaws.com" },
  federated: { kind: "federated", provider: PROVIDER },
  anonymous: { kind: "anonymous" },
} as const satisfies Record<string, Caller>;
type Name = keyof typeof CALLERS;

/** How directly each caller is named; those that are not are left out. */
function named(principal: unknown): Partial<Record<Name, number>> {
  const entries = parsePrincipals(principal, "Principal");
  const scores = Object.entries(CALLERS).map(
    ([name, caller]) => [name, directness(entries, caller)] as const,
  );
  return Object.fromEntries(scores.filter(([, score]) => score > 0));
}

const everyone = Object.fromEntries(Object.keys(CALLERS).map((name) => [name, 3]));
const ofAccount = { root: 3, alice: 1, bob: 1, session: 1, otherSession: 1, vouched: 1, vouchedByRoot: 1 };

describe("Principal", () => {
  test.each<[string, unknown, object]>([
    ["everyone", "*", everyone],
    ["everyone as AWS", { AWS: "*" }, everyone],
    ["an account", { AWS: ACCOUNT }, ofAccount],
    ["the root of an account", { AWS: `arn:aws:iam::${ACCOUNT}:root` }, ofAccount],
    ["a user", { AWS: ALICE.arn }, { alice: 3, vouched: 2 }],
    ["a role", { AWS: CI.role }, { session: 2, otherSession: 2 }],
    ["a session", { AWS: CI.arn }, { session: 3 }],
    ["a federated user", { AWS: BOB.arn }, { vouched: 3 }],
    ["a service", { Service: "ecr.amazonaws.com" }, { service: 3 }],
    ["an identity provider", { Federated: PROVIDER }, { federated: 3 }],
    ["a list", { AWS: [ALICE.arn, OTHER_ACCOUNT] }, { alice: 3, vouched: 2, stranger: 1 }],
    [
      "several kinds",
      { AWS: CI.role, Service: ["ecr.amazonaws.com"] },
      { session: 2, otherSession: 2, service: 3 },
    ],
    [
      "the most direct of several",
      { AWS: [ACCOUNT, CI.role, CI.arn] },
      { ...ofAccount, session: 3, otherSession: 2 },
    ],
    ["a role of the same name but another path", { AWS: `arn:aws:iam::${ACCOUNT}:role/ci` }, {}],
    ["another letter case", { AWS: ALICE.arn.replace("alice", "Alice") }, {}],
    ["a user or role that is gone", { AWS: ["AIDACKCEVSQ6C2EXAMPLE", "AROACKCEVSQ6C2EXAMPLE"] }, {}],
  ])("that names %s", (_, principal, expected) => {
    expect(named(principal)).toEqual(expected);
  });

  test.each<[string, unknown, string, RegExp]>([
    ["a bare name", "alice", "Principal", /"\*" or an object/],
    ["a bare ARN", ALICE.arn, "Principal", /"\*" or an object/],
    ["null", null, "Principal", /object/],
    ["nothing", {}, "Principal", /names no principal/],
    ["an empty list", { AWS: [] }, "Principal.AWS", /empty/],
    ["a number", { AWS: 123456789012 }, "Principal.AWS", /text/],
    ["eleven digits", { AWS: "12345678901" }, "Principal.AWS", /an account, or the ARN/],
    ["a wildcard in a user", { AWS: `arn:aws:iam::${ACCOUNT}:user/*` }, "Principal.AWS", /without wildcards/],
    [
      "a wildcard in a path",
      { AWS: `arn:aws:iam::${ACCOUNT}:role/*/ci` },
      "Principal.AWS",
      /without wildcards/,
    ],
    ["a group", { AWS: `arn:aws:iam::${ACCOUNT}:group/team` }, "Principal.AWS", /ARN of a root, user, role/],
    [
      "a session without a name",
      { AWS: `arn:aws:sts::${ACCOUNT}:assumed-role/ci` },
      "Principal.AWS",
      /assumed-role session/,
    ],
    ["a federated user of IAM", { AWS: `arn:aws:iam::${ACCOUNT}:federated-user/x` }, "Principal.AWS", /ARN/],
    [
      "a wildcard in a federated user",
      { AWS: `arn:aws:sts::${ACCOUNT}:federated-user/*` },
      "Principal.AWS",
      /ARN/,
    ],
    ["a role of STS", { AWS: `arn:aws:sts::${ACCOUNT}:role/ci` }, "Principal.AWS", /ARN/],
    ["a unique id of a group", { AWS: "AGPACKCEVSQ6C2EXAMPLE" }, "Principal.AWS", /ARN/],
    ["a unique id with more", { AWS: "AIDACKCEVSQ6C2EXAMPLEX" }, "Principal.AWS", /ARN/],
    ["a property of objects", { AWS: `arn:aws:iam::${ACCOUNT}:constructor/x` }, "Principal.AWS", /ARN/],
    ["every service", { Service: "*" }, "Principal.Service", /service like/],
    ["every provider", { Federated: "*" }, "Principal.Federated", /identity provider/],
    ["another kind", { CanonicalUser: "abc" }, "Principal.CanonicalUser", /not a kind of principal/],
  ])("that is %s is refused", (_, principal, path, rule) => {
    const error = (() => {
      try {
        return parsePrincipals(principal, "Principal");
      } catch (thrown) {
        return thrown;
      }
    })();
    expect(error).toBeInstanceOf(PolicyError);
    expect((error as PolicyError).path).toBe(path);
    expect((error as PolicyError).message).toMatch(rule);
  });
});

describe("NotPrincipal", () => {
  const cases: readonly [string, unknown, Name[]][] = [
    [
      "an account",
      { AWS: ACCOUNT },
      ["root", "alice", "bob", "session", "otherSession", "vouched", "vouchedByRoot"],
    ],
    ["a user alone", { AWS: ALICE.arn }, []],
    ["a user and its account", { AWS: [ALICE.arn, ACCOUNT] }, ["root", "alice", "vouched"]],
    ["a federated user and its account", { AWS: [BOB.arn, ACCOUNT] }, ["root"]],
    [
      "a federated user, its user and its account",
      { AWS: [BOB.arn, ALICE.arn, ACCOUNT] },
      ["root", "alice", "vouched"],
    ],
    [
      "another federated user, the user and its account",
      { AWS: [`${BOB.arn}x`, ALICE.arn, ACCOUNT] },
      ["root", "alice"],
    ],
    [
      "the federated user of a root and the account",
      { AWS: [`${BOB.arn}by`, ACCOUNT] },
      ["root", "vouchedByRoot"],
    ],
    ["a role and its account", { AWS: [CI.role, ACCOUNT] }, ["root", "session", "otherSession"]],
    ["a session, its role and its account", { AWS: [CI.arn, CI.role, ACCOUNT] }, ["root", "session"]],
    ["a session and its account", { AWS: [CI.arn, ACCOUNT] }, ["root"]],
    ["somebody who is gone and the account", { AWS: ["AIDACKCEVSQ6C2EXAMPLE", ACCOUNT] }, ["root"]],
    ["a service", { Service: "ecr.amazonaws.com" }, ["service"]],
    ["a provider", { Federated: PROVIDER }, ["federated"]],
    ["everyone", "*", Object.keys(CALLERS) as Name[]],
  ];
  test.each(cases)("that names %s excepts %j", (_, principal, expected) => {
    const entries = parsePrincipals(principal, "NotPrincipal");
    const excepted = Object.entries(CALLERS).filter(([, caller]) => excepts(entries, caller));
    expect(excepted.map(([name]) => name)).toEqual(expected);
  });
});
