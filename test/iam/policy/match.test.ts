// biome-ignore-all lint/suspicious/noTemplateCurlyInString: policy variables look like placeholders.
import { describe, expect, test } from "vitest";
import { matchesAction, matchesPrincipal, matchesResource } from "../../../src/iam/policy/match.ts";
import type { Statement } from "../../../src/iam/policy/statement.ts";
import { ACCOUNT, ALICE, aContext, aDocument, REPOSITORY } from "./builders.ts";

function aStatement(element: object, kind: "identity" | "repository" = "identity"): Statement {
  const [statement] = aDocument(kind, element).statements;
  if (statement === undefined) throw new Error("no statement");
  return statement;
}

describe("actions", () => {
  test.each([
    [{ Action: "*" }, true],
    [{ Action: "ecr:*" }, true],
    [{ Action: "ecr:PutImage" }, true],
    [{ Action: "ECR:PUTIMAGE" }, true],
    [{ Action: "ecr:Put*" }, true],
    [{ Action: "ecr:?utImage" }, true],
    [{ Action: "ecr:*Image*" }, true],
    [{ Action: ["ecr:GetX", "ecr:PutImage"] }, true],
    [{ Action: "ecr:Put" }, false],
    [{ Action: "ecr:PutImage?" }, false],
    [{ Action: "ecs:*" }, false],
    [{ Action: undefined, NotAction: "ecr:Put*" }, false],
    [{ Action: undefined, NotAction: ["ecr:GetX", "iam:*"] }, true],
  ])("%j: %s", (element, expected) => {
    expect(matchesAction(aStatement(element), "ecr:putimage")).toBe(expected);
  });
});

describe("resources", () => {
  test.each([
    [{ Resource: "*" }, true],
    [{ Resource: REPOSITORY }, true],
    [{ Resource: REPOSITORY.replace("app", "ap?") }, true],
    [{ Resource: REPOSITORY.replace("team/app", "*") }, true],
    [{ Resource: "arn:aws:ecr:*:*:repository/*/app" }, true],
    [{ Resource: "arn:aws:ecr:*" }, true],
    [{ Resource: "arn:aws:ecr" }, true],
    [{ Resource: "arn:aws:ecr:eu-north-1:*:app" }, false],
    [{ Resource: REPOSITORY.replace("team", "TEAM") }, false],
    [{ Resource: "arn:aws:ecr:*:*:repository/team" }, false],
    [{ Resource: ["arn:aws:s3:::x", REPOSITORY] }, true],
    [{ Resource: "arn:aws:ecr:*:*:repository/${aws:PrincipalTag/team}/*" }, true],
    [{ Resource: "arn:aws:ecr:*:*:repository/${aws:PrincipalTag/none}/*" }, false],
    [{ Resource: "arn:aws:ecr:*:*:repository/${aws:PrincipalTag/none, 'team'}/*" }, true],
    [{ Resource: undefined, NotResource: "arn:aws:ecr:*:*:repository/team/*" }, false],
    [{ Resource: undefined, NotResource: "arn:aws:ecr:*:*:repository/other/*" }, true],
    [{ Resource: undefined, NotResource: "arn:aws:ecr:*:*:repository/${aws:PrincipalTag/none}/*" }, false],
    [
      {
        Effect: "Deny",
        Resource: undefined,
        NotResource: "arn:aws:ecr:*:*:repository/${aws:PrincipalTag/none}/*",
      },
      true,
    ],
  ])("%j: %s", (element, expected) => {
    const context = aContext({ "aws:PrincipalTag/team": "team" });
    expect(matchesResource(aStatement(element), REPOSITORY, context)).toBe(expected);
  });

  test("that are none match * only", () => {
    expect(matchesResource(aStatement({ Resource: "*" }), "*", aContext())).toBe(true);
    expect(matchesResource(aStatement({ Resource: "arn:aws:ecr:*" }), "*", aContext())).toBe(false);
  });

  test("are implied in a repository policy", () => {
    expect(matchesResource(aStatement({}, "repository"), REPOSITORY, aContext())).toBe(true);
  });
});

test("a Deny with NotPrincipal applies to whoever has a boundary", () => {
  const statement = aStatement(
    { Effect: "Deny", Principal: undefined, NotPrincipal: { AWS: [ACCOUNT, ALICE.arn] } },
    "repository",
  );
  expect(matchesPrincipal(statement, { caller: ALICE, directness: 3, bounded: false })).toBe(false);
  expect(matchesPrincipal(statement, { caller: ALICE, directness: 3, bounded: true })).toBe(true);
});

test("a Deny needs no directness, an Allow does", () => {
  const principal = { caller: ALICE, directness: 2, bounded: false } as const;
  const Principal = { AWS: ACCOUNT };
  expect(matchesPrincipal(aStatement({ Effect: "Deny", Principal }, "repository"), principal)).toBe(true);
  expect(matchesPrincipal(aStatement({ Principal }, "repository"), principal)).toBe(false);
  expect(matchesPrincipal(aStatement({ Principal }, "repository"), { ...principal, directness: 1 })).toBe(
    true,
  );
});
