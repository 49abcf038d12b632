// biome-ignore-all lint/suspicious/noTemplateCurlyInString: policy variables look like placeholders.
import { describe, expect, test } from "vitest";
import { type ParseOptions, parsePolicyDocument } from "../../../src/iam/policy/document.ts";
import { PolicyError } from "../../../src/iam/policy/errors.ts";
import { ACCOUNT, aDocument, PLAIN, parse, REPOSITORY } from "./builders.ts";

function refusal(act: () => unknown): PolicyError {
  try {
    act();
  } catch (error) {
    if (error instanceof PolicyError) return error;
    throw error;
  }
  throw new Error("was accepted");
}

describe("a document as a whole", () => {
  const statement = JSON.stringify(PLAIN.repository);
  const cases: readonly [name: string, text: string, path: string, rule: RegExp][] = [
    ["is not JSON", "{", "", /not JSON/],
    ["is empty", "", "", /not JSON/],
    ["is a list", "[]", "", /JSON object/],
    ["repeats a key", `{"Statement":${statement},"Statement":${statement}}`, "", /"Statement" appears twice/],
    [
      "repeats a key inside",
      `{"Statement":{"Effect":"Deny","Effect":"Allow"}}`,
      "",
      /"Effect" appears twice/,
    ],
    ["has another element", `{"Statement":${statement},"Comment":"x"}`, "Comment", /not an element/],
    ["has another version", `{"Version":"2020-01-01","Statement":${statement}}`, "Version", /2012-10-17/],
    ["has an Id that is no text", `{"Id":7,"Statement":${statement}}`, "Id", /text/],
    ["has no statement", `{"Version":"2012-10-17"}`, "Statement", /object or a list.*, not null$/],
    ["has an empty list", `{"Statement":[]}`, "Statement", /at least one/],
    ["has a text as statement", `{"Statement":"Allow"}`, "Statement", /object or a list.*, not "Allow"$/],
    ["has a text among its statements", `{"Statement":[${statement},"Allow"]}`, "Statement[1]", /object/],
    ["is too long", `{"Statement":${statement}}${" ".repeat(10_240)}`, "", /10240/],
  ];
  test.each(cases)("that %s is refused", (_, text, path, rule) => {
    const error = refusal(() => parsePolicyDocument(text, { kind: "repository" }));
    expect(error.path).toBe(path);
    expect(error.message).toMatch(rule);
  });

  test.each([
    [undefined, "2008-10-17"],
    ["2008-10-17", "2008-10-17"],
    ["2012-10-17", "2012-10-17"],
  ])("of Version %s is read as %s", (Version, version) => {
    const text = JSON.stringify({ Version, Id: "any id", Statement: PLAIN.repository });
    expect(parsePolicyDocument(text, { kind: "repository" })).toMatchObject({ version, id: "any id" });
  });

  test("is measured without white space where IAM does", () => {
    const text = `{"Statement":${JSON.stringify(PLAIN.identity)}${" ".repeat(7_000)}}`;
    expect(() => parsePolicyDocument(text, { kind: "identity" })).not.toThrow();
    expect(refusal(() => parsePolicyDocument(text, { kind: "session" })).message).toMatch(/2048/);
    expect(refusal(() => parsePolicyDocument(text, { kind: "identity", maxSize: 20 })).message).toMatch(
      /may have 20$/,
    );
    expect(refusal(() => parsePolicyDocument(text, { kind: "identity", maxSize: 100 })).message).toMatch(
      /white space/,
    );
  });

  test("has a hash of what it means", () => {
    const hash = (kind: ParseOptions["kind"], more: object = {}, options: Partial<ParseOptions> = {}) =>
      aDocument(kind, more, options).hash;
    expect(hash("repository")).toBe(hash("repository", {}, { repository: REPOSITORY }));
    expect(hash("registry", { Action: "ecr:*" }, { scope: "V1" })).not.toBe(
      hash("registry", { Action: "ecr:*" }),
    );
    expect(hash("identity")).not.toBe(hash("boundary"));
    expect(hash("identity")).not.toBe(hash("identity", { Sid: "Other" }));
  });
});

describe("a statement", () => {
  const gone = undefined;
  const cases: readonly [string, ParseOptions["kind"], object, path: string, rule: RegExp][] = [
    ["another element", "repository", { Effekt: "Allow" }, ".Effekt", /not an element/],
    ["no effect", "repository", { Effect: gone }, ".Effect", /Allow or Deny/],
    ["an effect in lower case", "repository", { Effect: "allow" }, ".Effect", /Allow or Deny, not "allow"/],
    ["a Sid that is no text", "repository", { Sid: 1 }, ".Sid", /text/],
    ["a Sid with a space for IAM", "identity", { Sid: "My statement" }, ".Sid", /letters and digits/],
    ["no action", "repository", { Action: gone }, "", /exactly one of Action and NotAction/],
    [
      "both action elements",
      "repository",
      { NotAction: "ecr:PutImage" },
      "",
      /exactly one of Action and NotAction/,
    ],
    ["an empty list of actions", "repository", { Action: [] }, ".Action", /empty/],
    ["an action that is no text", "repository", { Action: [1] }, ".Action", /text/],
    ["an action without a service", "identity", { Action: "PutImage" }, ".Action", /like ecr:PutImage/],
    [
      "an action with a wildcard as service",
      "identity",
      { Action: "e*:PutImage" },
      ".Action",
      /like ecr:PutImage/,
    ],
    [
      "an action of another service",
      "repository",
      { Action: ["ecr:*", "s3:GetObject"] },
      ".Action",
      /begin with ecr:, not "s3/,
    ],
    [
      "a NotAction of another service",
      "registry",
      { Action: gone, NotAction: "s3:*" },
      ".NotAction",
      /begin with ecr:/,
    ],
    ["an action of ECR in a trust policy", "trust", { Action: "ecr:PutImage" }, ".Action", /begin with sts:/],
    ["every action in a trust policy", "trust", { Action: "*" }, ".Action", /begin with sts:/],
    ["no principal", "repository", { Principal: gone }, "", /exactly one of Principal and NotPrincipal/],
    [
      "both principal elements",
      "repository",
      { Effect: "Deny", NotPrincipal: "*" },
      "",
      /exactly one of Principal/,
    ],
    [
      "NotPrincipal with Allow",
      "repository",
      { Principal: gone, NotPrincipal: { AWS: ACCOUNT } },
      ".NotPrincipal",
      /Deny/,
    ],
    [
      "NotPrincipal in a trust policy",
      "trust",
      { Effect: "Deny", Principal: gone, NotPrincipal: { AWS: ACCOUNT } },
      ".NotPrincipal",
      /resource policy/,
    ],
    ["a principal for a user", "identity", { Principal: "*" }, "", /must not have Principal/],
    ["no resource for a user", "identity", { Resource: gone }, "", /exactly one of Resource and NotResource/],
    [
      "both resource elements",
      "identity",
      { NotResource: "*" },
      "",
      /exactly one of Resource and NotResource/,
    ],
    ["an empty list of resources", "identity", { Resource: [] }, ".Resource", /empty/],
    ["a resource that is no ARN", "identity", { Resource: "team/app" }, ".Resource", /ARN, not "team\/app"/],
    [
      "a resource with a wildcard as service",
      "identity",
      { Resource: "arn:aws:*:*:*:*" },
      ".Resource",
      /ARN/,
    ],
    ["a resource in a trust policy", "trust", { Resource: "*" }, ".Resource", /does not belong/],
    ["another repository's ARN", "repository", { Resource: `${REPOSITORY}2` }, ".Resource", /own ARN/],
    [
      "NotResource in a repository policy",
      "repository",
      { NotResource: "*" },
      ".NotResource",
      /does not belong/,
    ],
    ["no resource in a registry policy", "registry", { Resource: gone }, "", /Resource and NotResource/],
    [
      "another service's ARN in a registry policy",
      "registry",
      { Resource: "arn:aws:s3:::bucket" },
      ".Resource",
      /repository/,
    ],
    ["a condition that is a list", "repository", { Condition: [] }, ".Condition", /object/],
    [
      "an unknown operator",
      "repository",
      { Condition: { StringMatches: { "aws:username": "a" } } },
      ".Condition.StringMatches",
      /not a condition operator/,
    ],
    [
      "an unknown prefix",
      "repository",
      { Condition: { "ForSomeValues:StringLike": { "aws:TagKeys": "a" } } },
      ".Condition.ForSomeValues:StringLike",
      /not a condition operator/,
    ],
    [
      "NullIfExists",
      "repository",
      { Condition: { NullIfExists: { "aws:username": "true" } } },
      ".Condition.NullIfExists",
      /not a condition operator/,
    ],
    [
      "an operator of the prototype",
      "repository",
      { Condition: { constructor: { "aws:username": "a" } } },
      ".Condition.constructor",
      /not a condition operator/,
    ],
    [
      "a partition that is none",
      "identity",
      { Resource: "arn:error:ecr:*:*:repository/a" },
      ".Resource",
      /Partition "error" is not valid for resource "arn:error:ecr/,
    ],
    [
      "a partition whose wildcards mean none",
      "identity",
      { Resource: "arn:azure*:ecr:*:*:repository/a" },
      ".Resource",
      /Partition "azure\*" is not valid/,
    ],
    [
      "the action that is on no repository",
      "repository",
      { Action: ["ecr:PutImage", "ecr:getAuthorizationToken"] },
      ".Action",
      /on no repository/,
    ],
    [
      "an operator without keys",
      "repository",
      { Condition: { StringLike: {} } },
      ".Condition.StringLike",
      /names no condition key/,
    ],
    [
      "keys that are no object",
      "repository",
      { Condition: { StringLike: "a" } },
      ".Condition.StringLike",
      /object of condition keys/,
    ],
    [
      "a key without a prefix",
      "repository",
      { Condition: { StringLike: { username: "a" } } },
      ".Condition.StringLike",
      /prefix, like aws:SourceIp, not "username"/,
    ],
    [
      "no value for a key",
      "repository",
      { Condition: { StringLike: { "aws:username": [] } } },
      ".Condition.StringLike.aws:username",
      /empty/,
    ],
    [
      "null for a key",
      "repository",
      { Condition: { StringLike: { "aws:username": null } } },
      ".Condition.StringLike.aws:username",
      /text, a number/,
    ],
    [
      "a number that is none",
      "repository",
      { Condition: { NumericEquals: { "aws:x": "one" } } },
      ".Condition.NumericEquals.aws:x",
      /number, not "one"/,
    ],
    [
      "a date that is none",
      "repository",
      { Condition: { DateLessThan: { "aws:CurrentTime": "2030-02-30" } } },
      ".Condition.DateLessThan.aws:CurrentTime",
      /date/,
    ],
    [
      "a boolean that is none",
      "repository",
      { Condition: { Bool: { "aws:SecureTransport": "yes" } } },
      ".Condition.Bool.aws:SecureTransport",
      /true or false/,
    ],
    [
      "a Null that is no boolean",
      "repository",
      { Condition: { Null: { "aws:username": "no" } } },
      ".Condition.Null.aws:username",
      /true or false/,
    ],
    [
      "an address that is none",
      "repository",
      { Condition: { IpAddress: { "aws:SourceIp": "10.0.0.0/33" } } },
      ".Condition.IpAddress.aws:SourceIp",
      /CIDR/,
    ],
    [
      "an ARN that is none",
      "repository",
      { Condition: { ArnLike: { "aws:PrincipalArn": "arn:aws:iam" } } },
      ".Condition.ArnLike.aws:PrincipalArn",
      /six components/,
    ],
    [
      "bytes that are no base64",
      "repository",
      { Condition: { BinaryEquals: { "aws:x": "a" } } },
      ".Condition.BinaryEquals.aws:x",
      /base64/,
    ],
    [
      "a variable that does not end",
      "repository",
      { Condition: { StringLike: { "aws:username": "a${aws:x" } } },
      ".Condition.StringLike.aws:username",
      /policy variable/,
    ],
    [
      "a variable without a name in a resource",
      "identity",
      { Resource: "arn:aws:ecr:*:*:repository/${}/x" },
      ".Resource",
      /policy variable/,
    ],
  ];
  test.each(cases)("with %s is refused (%s)", (_, kind, element, path, rule) => {
    const error = refusal(() =>
      parse(kind, [PLAIN[kind], { ...PLAIN[kind], ...element }], { repository: REPOSITORY }),
    );
    expect(error.path).toBe(`Statement[1]${path}`);
    expect(error.message).toMatch(rule);
  });

  const accepted: readonly [string, ParseOptions["kind"], object][] = [
    ["every action", "repository", { Action: "*" }],
    ["an action in any letter case", "repository", { Action: ["ECR:putimage", "ecr:Get*", "ecr:?utImage"] }],
    ["NotAction", "repository", { Action: gone, NotAction: "ecr:DeleteRepository" }],
    [
      "NotPrincipal with Deny",
      "repository",
      { Effect: "Deny", Principal: gone, NotPrincipal: { AWS: ACCOUNT } },
    ],
    ["a Sid with spaces for ECR", "repository", { Sid: "New Statement #1" }],
    ["* as resource", "repository", { Resource: "*" }],
    ["the repository's own ARN", "repository", { Resource: REPOSITORY }],
    ["NotResource", "identity", { Resource: gone, NotResource: [REPOSITORY] }],
    ["an incomplete ARN", "identity", { Resource: "arn:aws:ecr:*" }],
    ["no conditions", "repository", { Condition: {} }],
    ["another service's action", "identity", { Action: "s3:GetObject" }],
    ["any resource for the simulator", "resource", { Action: "s3:*", Resource: "arn:aws:s3:::bucket/*" }],
    [
      "values without quotes",
      "repository",
      { Condition: { Bool: { "aws:SecureTransport": true }, NumericLessThan: { "aws:x": 3 } } },
    ],
  ];
  test.each(accepted)("with %s is accepted (%s)", (_, kind, element) => {
    expect(aDocument(kind, element, { repository: REPOSITORY }).statements).toHaveLength(1);
  });

  test("may have the Sid of another", () => {
    const twice = { ...PLAIN.repository, Sid: "same" };
    expect(parse("repository", [twice, twice]).statements.map(({ sid }) => sid)).toEqual(["same", "same"]);
  });

  test("may stand without a list", () => {
    expect(parse("repository", PLAIN.repository).statements).toHaveLength(1);
    expect(refusal(() => parse("repository", { ...PLAIN.repository, Effect: "No" })).path).toBe(
      "Statement.Effect",
    );
  });
});

describe("a registry policy of scope V1", () => {
  const v1 = (element: object) => () => aDocument("registry", element, { scope: "V1" });
  test.each(["ecr:ReplicateImage", "ecr:BatchImportUpstreamImage", "ECR:CreateRepository", "ecr:*"])(
    "may name %s",
    (Action) => {
      expect(v1({ Action })).not.toThrow();
    },
  );
  test.each([
    { Action: "ecr:PutImage" },
    { Action: "*" },
    { Action: "ecr:Rep*" },
    { Action: undefined, NotAction: "ecr:CreateRepository" },
  ])("may not have %o", (element) => {
    expect(refusal(v1(element)).message).toMatch(/scope V1/);
  });
  test("may with scope V2 name every action", () => {
    expect(() => aDocument("registry", { Action: "ecr:PutImage" }, { scope: "V2" })).not.toThrow();
  });
});
