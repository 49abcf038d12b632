import { describe, expect, test } from "vitest";
import { CasbinDecider } from "../../../src/adapters/casbin/decider.ts";
import type { Access, AttachedPolicy, Verdict } from "../../../src/iam/policy/access.ts";
import { readStoredDocument } from "../../../src/iam/policy/document.ts";
import { evaluate } from "../../../src/iam/policy/evaluate.ts";
import {
  ACCOUNT,
  ALICE,
  aDocument,
  anAccess,
  attached,
  aUser,
  BOB,
  CI,
  OTHER_ACCOUNT,
  parse,
  REPOSITORY,
  ROOT,
} from "./builders.ts";

const decider = new CasbinDecider();
const PULL = "ecr:BatchGetImage";
const STRANGER = aUser("carol", OTHER_ACCOUNT);

const decide = (more: Partial<Access>): Verdict => evaluate(anAccess(more), decider);
const allow = (kind: "identity" | "boundary" | "session", Action: string = PULL): AttachedPolicy =>
  attached(aDocument(kind, { Action }));
const deny = (kind: "identity" | "boundary" | "session" | "repository"): AttachedPolicy =>
  attached(
    parse(kind, [
      {
        ...(kind === "repository" ? { Principal: "*" } : { Resource: "*" }),
        Sid: "Never",
        Effect: "Deny",
        Action: PULL,
      },
      ...(kind === "repository" ? [] : [{ Effect: "Allow", Action: "*", Resource: "*" }]),
    ]),
  );
const grant = (AWS: string): AttachedPolicy => attached(aDocument("repository", { Principal: { AWS } }));

/** What a verdict comes to: `allowed by …`, or the message after the resource. */
function outcome(verdict: Verdict): string {
  if (verdict.allowed) return `allowed by ${verdict.decidedBy?.role ?? "nothing"}`;
  return verdict.message.replace(/^User: \S+ is not authorized to perform: \S+ (on resource: \S+ )?/, "");
}
const missing = (what: string, action: string = PULL): string =>
  `because no ${what} allows the ${action} action`;

describe("inside the owning account", () => {
  test.each<[string, Partial<Access>, string]>([
    ["nothing", {}, missing("identity-based policy")],
    ["an identity policy", { identity: [allow("identity")] }, "allowed by identity"],
    [
      "an identity policy about something else",
      { identity: [allow("identity", "ecr:PutImage")] },
      missing("identity-based policy"),
    ],
    ["a repository policy for the user", { resourcePolicies: [grant(ALICE.arn)] }, "allowed by resource"],
    ["a repository policy for everyone", { resourcePolicies: [grant("*")] }, "allowed by resource"],
    [
      "a repository policy for the account",
      { resourcePolicies: [grant(ACCOUNT)] },
      missing("identity-based policy"),
    ],
    [
      "a repository policy for another user",
      { resourcePolicies: [grant(aUser("bob").arn)] },
      missing("identity-based policy"),
    ],
    ["a boundary alone", { boundary: allow("boundary") }, missing("identity-based policy")],
    [
      "a boundary that does not allow",
      { identity: [allow("identity")], boundary: allow("boundary", "ecr:PutImage") },
      missing("permissions boundary"),
    ],
    [
      "a boundary that allows",
      { identity: [allow("identity")], boundary: allow("boundary") },
      "allowed by identity",
    ],
    ["a session policy alone", { session: [allow("session")] }, missing("identity-based policy")],
    [
      "a session policy that does not allow",
      { identity: [allow("identity")], session: [allow("session", "ecr:PutImage")] },
      missing("session policy"),
    ],
    [
      "one session policy of two",
      { identity: [allow("identity")], session: [allow("session", "ecr:PutImage"), allow("session")] },
      "allowed by identity",
    ],
    [
      "a user named by the resource, a boundary that does not allow",
      { boundary: allow("boundary", "ecr:PutImage"), resourcePolicies: [grant(ALICE.arn)] },
      "allowed by resource",
    ],
    [
      "a deny in an identity policy",
      { identity: [deny("identity")], resourcePolicies: [grant(ALICE.arn)] },
      "with an explicit deny in an identity-based policy",
    ],
    [
      "a deny in a boundary",
      { identity: [allow("identity")], boundary: deny("boundary") },
      "with an explicit deny in a permissions boundary",
    ],
    [
      "a deny in a session policy",
      { identity: [allow("identity")], session: [deny("session")] },
      "with an explicit deny in a session policy",
    ],
    [
      "a deny in a repository policy",
      { identity: [allow("identity")], resourcePolicies: [deny("repository")] },
      "with an explicit deny in a resource-based policy",
    ],
    [
      "a deny to the account",
      {
        identity: [allow("identity")],
        resourcePolicies: [
          attached(aDocument("repository", { Effect: "Deny", Principal: { AWS: ACCOUNT } })),
        ],
      },
      "with an explicit deny in a resource-based policy",
    ],
  ])("%s", (_, more, expected) => {
    expect(outcome(decide(more))).toBe(expected);
  });

  test.each<[string, Partial<Access>, string]>([
    ["its role named by the resource", { resourcePolicies: [grant(CI.role)] }, "allowed by resource"],
    [
      "its role named, a boundary that does not allow",
      { boundary: allow("boundary", "ecr:PutImage"), resourcePolicies: [grant(CI.role)] },
      missing("permissions boundary"),
    ],
    [
      "its role named, a session policy that does not allow",
      { session: [allow("session", "ecr:PutImage")], resourcePolicies: [grant(CI.role)] },
      missing("session policy"),
    ],
    [
      "itself named, a session policy that does not allow",
      { session: [allow("session", "ecr:PutImage")], resourcePolicies: [grant(CI.arn)] },
      "allowed by resource",
    ],
    [
      "everyone named, a boundary that does not allow",
      { boundary: allow("boundary", "ecr:PutImage"), resourcePolicies: [grant("*")] },
      "allowed by resource",
    ],
    [
      "its role and itself named, a boundary that does not allow",
      { boundary: allow("boundary", "ecr:PutImage"), resourcePolicies: [grant(CI.role), grant(CI.arn)] },
      "allowed by resource",
    ],
  ])("a session: %s", (_, more, expected) => {
    expect(outcome(decide({ caller: CI, ...more }))).toBe(expected);
  });

  test.each<[string, Partial<Access>, string]>([
    ["its user's policies alone", { identity: [allow("identity")] }, missing("session policy")],
    ["its session policy alone", { session: [allow("session")] }, missing("identity-based policy")],
    ["both", { identity: [allow("identity")], session: [allow("session")] }, "allowed by identity"],
    [
      "a session policy of something else",
      { identity: [allow("identity")], session: [allow("session", "ecr:PutImage")] },
      missing("session policy"),
    ],
    ["its user named by the resource", { resourcePolicies: [grant(ALICE.arn)] }, missing("session policy")],
    [
      "its user named by the resource, a session policy",
      { session: [allow("session")], resourcePolicies: [grant(ALICE.arn)] },
      "allowed by resource",
    ],
    ["itself named by the resource", { resourcePolicies: [grant(BOB.arn)] }, "allowed by resource"],
    [
      "its account named by the resource",
      { resourcePolicies: [grant(ACCOUNT)] },
      missing("identity-based policy"),
    ],
  ])("a federated user: %s", (_, more, expected) => {
    expect(outcome(decide({ caller: BOB, ...more }))).toBe(expected);
  });
});

describe("the root", () => {
  test("of the owner needs no policy", () => {
    expect(outcome(decide({ caller: ROOT }))).toBe("allowed by nothing");
    expect(outcome(decide({ caller: ROOT, action: "ecr:GetAuthorizationToken", resource: "*" }))).toBe(
      "allowed by nothing",
    );
  });
  test("of the owner heeds a deny, but cannot be locked out of the policy itself", () => {
    const everything = attached(aDocument("repository", { Effect: "Deny", Action: "*" }));
    expect(outcome(decide({ caller: ROOT, resourcePolicies: [everything] }))).toBe(
      "with an explicit deny in a resource-based policy",
    );
    expect(
      outcome(decide({ caller: ROOT, resourcePolicies: [everything], action: "ecr:SetRepositoryPolicy" })),
    ).toBe("allowed by nothing");
    expect(
      outcome(
        decide({
          caller: ALICE,
          resourcePolicies: [everything],
          action: "ecr:SetRepositoryPolicy",
        }),
      ),
    ).toBe("with an explicit deny in a resource-based policy");
  });
  test("of another account needs a resource policy", () => {
    const caller = {
      kind: "root",
      account: OTHER_ACCOUNT,
      arn: `arn:aws:iam::${OTHER_ACCOUNT}:root`,
    } as const;
    expect(outcome(decide({ caller }))).toBe(missing("resource-based policy"));
    expect(outcome(decide({ caller, resourcePolicies: [grant(OTHER_ACCOUNT)] }))).toBe("allowed by resource");
  });
});

describe("across accounts", () => {
  test.each<[string, Partial<Access>, string]>([
    ["identity policy only", { identity: [allow("identity")] }, missing("resource-based policy")],
    ["resource policy only", { resourcePolicies: [grant(STRANGER.arn)] }, missing("identity-based policy")],
    [
      "both, the resource naming the user",
      { identity: [allow("identity")], resourcePolicies: [grant(STRANGER.arn)] },
      "allowed by resource",
    ],
    [
      "both, the resource naming the account",
      { identity: [allow("identity")], resourcePolicies: [grant(OTHER_ACCOUNT)] },
      "allowed by resource",
    ],
    [
      "both, the resource naming everyone",
      { identity: [allow("identity")], resourcePolicies: [grant("*")] },
      "allowed by resource",
    ],
    [
      "both, a boundary that does not allow",
      {
        identity: [allow("identity")],
        boundary: allow("boundary", "ecr:PutImage"),
        resourcePolicies: [grant(STRANGER.arn)],
      },
      missing("permissions boundary"),
    ],
    [
      "both, a session policy that does not allow",
      {
        identity: [allow("identity")],
        session: [allow("session", "ecr:PutImage")],
        resourcePolicies: [grant("*")],
      },
      missing("session policy"),
    ],
    [
      "both, and a deny",
      { identity: [allow("identity")], resourcePolicies: [grant("*"), deny("repository")] },
      "with an explicit deny in a resource-based policy",
    ],
  ])("%s", (_, more, expected) => {
    expect(outcome(decide({ caller: STRANGER, ...more }))).toBe(expected);
  });
});

describe("registry policies", () => {
  const registry = (scope: "V1" | "V2", element: object): AttachedPolicy =>
    attached(aDocument("registry", element, { scope }));
  test("of scope V1 take part in three actions", () => {
    const resourcePolicies = [registry("V1", { Action: "ecr:*" })];
    expect(outcome(decide({ resourcePolicies }))).toBe(missing("identity-based policy"));
    for (const action of ["ecr:CreateRepository", "ecr:ReplicateImage", "ecr:BatchImportUpstreamImage"]) {
      expect(outcome(decide({ resourcePolicies, action }))).toBe("allowed by resource");
    }
  });
  test("of scope V2 take part in every action, for the resources that they name", () => {
    const own = registry("V2", { Resource: REPOSITORY });
    expect(outcome(decide({ resourcePolicies: [own] }))).toBe("allowed by resource");
    expect(outcome(decide({ resourcePolicies: [own], resource: `${REPOSITORY}2` }))).toBe(
      missing("identity-based policy"),
    );
    expect(
      outcome(
        decide({ identity: [allow("identity")], resourcePolicies: [registry("V2", { Effect: "Deny" })] }),
      ),
    ).toBe("with an explicit deny in a resource-based policy");
  });
  test("let a service replicate into the registry", () => {
    const caller = { kind: "service", service: "replication.ecr.amazonaws.com" } as const;
    const resourcePolicies = [
      registry("V1", { Action: "ecr:ReplicateImage", Principal: { Service: caller.service } }),
    ];
    expect(outcome(decide({ caller, action: "ecr:ReplicateImage", resourcePolicies }))).toBe(
      "allowed by resource",
    );
    expect(outcome(decide({ caller, action: "ecr:ReplicateImage" }))).toBe(
      missing("resource-based policy", "ecr:ReplicateImage"),
    );
  });
});

describe("GetAuthorizationToken", () => {
  const action = "ecr:GetAuthorizationToken";
  test("is allowed by identity policies only", () => {
    const v2 = attached(aDocument("registry", {}, { scope: "V2" }));
    expect(outcome(decide({ action, resource: "*", resourcePolicies: [v2] }))).toBe(
      missing("identity-based policy", action),
    );
    expect(outcome(decide({ action, resource: "*", identity: [allow("identity", action)] }))).toBe(
      "allowed by identity",
    );
    expect(
      outcome(decide({ action, resource: "*", caller: STRANGER, identity: [allow("identity", action)] })),
    ).toBe("allowed by identity");
    expect(
      outcome(decide({ action, resource: "*", caller: { kind: "anonymous" }, resourcePolicies: [v2] })),
    ).toBe(missing("identity-based policy", action));
  });
});

describe("anonymous callers", () => {
  test("have resource policies only", () => {
    const caller = { kind: "anonymous" } as const;
    expect(outcome(decide({ caller, resourcePolicies: [grant("*")] }))).toBe("allowed by resource");
    expect(outcome(decide({ caller, resourcePolicies: [grant(ACCOUNT)] }))).toBe(
      missing("resource-based policy"),
    );
  });
});

describe("trust policies", () => {
  const action = "sts:AssumeRole";
  const resource = `arn:aws:iam::${ACCOUNT}:role/target`;
  const trust = (Principal: unknown): AttachedPolicy => attached(aDocument("trust", { Principal }));
  test.each<[string, Partial<Access>, string]>([
    [
      "an identity policy is not enough",
      { identity: [allow("identity", action)], resourcePolicies: [trust({ AWS: aUser("bob").arn })] },
      missing("role trust policy", action),
    ],
    [
      "a trusted user needs no identity policy",
      { resourcePolicies: [trust({ AWS: ALICE.arn })] },
      "allowed by trust",
    ],
    [
      "a user of a trusted account needs one",
      { resourcePolicies: [trust({ AWS: ACCOUNT })] },
      missing("identity-based policy", action),
    ],
    [
      "a user of a trusted account has one",
      { identity: [allow("identity", action)], resourcePolicies: [trust({ AWS: ACCOUNT })] },
      "allowed by trust",
    ],
    [
      "the session of a trusted role needs none",
      { caller: CI, resourcePolicies: [trust({ AWS: CI.role })] },
      "allowed by trust",
    ],
    [
      "a session policy narrows the trust in a role",
      { caller: CI, session: [allow("session")], resourcePolicies: [trust({ AWS: CI.role })] },
      missing("session policy", action),
    ],
    [
      "a trusted session is not narrowed",
      { caller: CI, session: [allow("session")], resourcePolicies: [trust({ AWS: CI.arn })] },
      "allowed by trust",
    ],
    [
      "a stranger needs both",
      { caller: STRANGER, resourcePolicies: [trust({ AWS: OTHER_ACCOUNT })] },
      missing("identity-based policy", action),
    ],
    [
      "a stranger has both",
      {
        caller: STRANGER,
        identity: [allow("identity", action)],
        resourcePolicies: [trust({ AWS: OTHER_ACCOUNT })],
      },
      "allowed by trust",
    ],
    [
      "a root has what its account has",
      { caller: ROOT, resourcePolicies: [trust({ AWS: ACCOUNT })] },
      "allowed by trust",
    ],
    [
      "a root is not above the trust policy",
      { caller: ROOT, resourcePolicies: [trust({ AWS: ALICE.arn })] },
      missing("role trust policy", action),
    ],
    [
      "a deny",
      {
        resourcePolicies: [
          attached(
            parse("trust", [
              { Effect: "Allow", Principal: "*", Action: action },
              { Effect: "Deny", Principal: { AWS: ACCOUNT }, Action: action },
            ]),
          ),
        ],
      },
      "with an explicit deny in the role trust policy",
    ],
  ])("%s", (_, more, expected) => {
    expect(outcome(decide({ action, resource, ...more }))).toBe(expected);
  });
  test("decide alone on an identity provider's token", () => {
    const provider = `arn:aws:iam::${ACCOUNT}:oidc-provider/token.example.com`;
    const web = {
      action: "sts:AssumeRoleWithWebIdentity",
      resource,
      caller: { kind: "federated", provider },
    } as const;
    const trusted = attached(aDocument("trust", { Principal: { Federated: provider }, Action: web.action }));
    expect(outcome(decide({ ...web, resourcePolicies: [trusted] }))).toBe("allowed by trust");
    expect(outcome(decide({ ...web, resourcePolicies: [trust("*")] }))).toBe(
      missing("role trust policy", web.action),
    );
  });
});

describe("a stored policy that cannot be read", () => {
  const broken = (kind: "identity" | "repository"): AttachedPolicy =>
    attached(readStoredDocument("{", { kind }));

  test.each<[string, Partial<Access>]>([
    ["an identity policy", { identity: [broken("identity"), allow("identity")] }],
    ["a resource policy", { identity: [allow("identity")], resourcePolicies: [broken("repository")] }],
    [
      "a resource policy, to its owner whom nothing else allows",
      { resourcePolicies: [broken("repository")] },
    ],
    [
      "a resource policy, to whoever has no account",
      { caller: { kind: "anonymous" }, resourcePolicies: [broken("repository"), grant("*")] },
    ],
    [
      "a resource policy, to whom their own account lets ask",
      {
        caller: STRANGER,
        identity: [allow("identity")],
        resourcePolicies: [broken("repository"), grant("*")],
      },
    ],
    [
      "an identity policy, to a stranger",
      { caller: STRANGER, identity: [broken("identity")], resourcePolicies: [grant("*")] },
    ],
  ])("denies and is named: %s", (_, access) => {
    expect(decide(access)).toMatchObject({ allowed: false, unreadable: { document: { statements: [] } } });
  });

  test("of the resource is not named to a stranger whose own account does not let them ask", () => {
    const verdict = decide({ caller: STRANGER, resourcePolicies: [broken("repository"), grant("*")] });
    expect(outcome(verdict)).toBe(missing("identity-based policy"));
    expect(verdict).not.toHaveProperty("unreadable");
  });
});

describe("a verdict", () => {
  test("has AWS's text in full", () => {
    const start = `User: ${ALICE.arn} is not authorized to perform: ecr:BatchGetImage on resource: ${REPOSITORY}`;
    expect(decide({})).toEqual({
      allowed: false,
      role: "identity",
      decidedBy: undefined,
      message: `${start} because no identity-based policy allows the ecr:BatchGetImage action`,
    });
    expect(decide({ identity: [deny("identity")] })).toMatchObject({
      message: `${start} with an explicit deny in an identity-based policy`,
    });
    expect(decide({ action: "ecr:DescribeRegistry", resource: "*" })).toMatchObject({
      message: expect.stringContaining("on resource: * because"),
    });
    expect(
      decide({
        action: "sts:AssumeRole",
        resourcePolicies: [attached(aDocument("trust", { Principal: { AWS: OTHER_ACCOUNT } }))],
      }),
    ).toMatchObject({
      message: `User: ${ALICE.arn} is not authorized to perform: sts:AssumeRole because no role trust policy allows the sts:AssumeRole action`,
    });
  });
  test("names the document and the statement: the first Deny, else the first Allow", () => {
    const document = parse("identity", [
      { Sid: "Other", Effect: "Allow", Action: "ecr:PutImage", Resource: "*" },
      { Sid: "First", Effect: "Allow", Action: PULL, Resource: "*" },
      { Sid: "Second", Effect: "Allow", Action: "ecr:*", Resource: "*" },
    ]);
    const policy = attached(document, "inline policy deploy of user alice");
    expect(decide({ identity: [policy] }).decidedBy).toEqual({
      role: "identity",
      policy,
      statement: 1,
      sid: "First",
    });
    const denying = deny("identity");
    expect(decide({ identity: [policy, denying] }).decidedBy).toEqual({
      role: "identity",
      policy: denying,
      statement: 0,
      sid: "Never",
    });
  });
});
