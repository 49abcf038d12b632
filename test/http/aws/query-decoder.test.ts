import { describe, expect, test } from "vitest";
import { loadModel, type ServiceModel } from "../../../src/aws-models/model.ts";
import { AwsError } from "../../../src/http/aws/aws-error.ts";
import { violationsOf } from "../../../src/http/aws/constraints.ts";
import { decodeQuery } from "../../../src/http/aws/query-decoder.ts";
import { queryValidationError } from "../../../src/http/aws/validation-errors.ts";
import { Parameters } from "../../../src/kernel/parameters.ts";

const iam = await loadModel("iam");
const sts = await loadModel("sts");

const every: ServiceModel = {
  protocol: "query",
  apiVersion: "1",
  signingName: "x",
  operations: {},
  shapes: {
    Input: {
      type: "structure",
      members: { S: "S", I: "I", D: "D", B: "B", T: "T", O: "O", Flat: "Flat", M: "M", F: "F" },
    },
    Flat: { type: "list", member: "S", flattened: true },
    M: { type: "map", key: "S", value: "S" },
    F: { type: "map", key: "S", value: "S", flattened: true },
    S: { type: "string" },
    I: { type: "integer" },
    D: { type: "double" },
    B: { type: "boolean" },
    T: { type: "timestamp" },
    O: { type: "blob" },
  },
};

const LIMITS = { status: 413, count: 10_000, nameBytes: 1_000, valueBytes: 200_000 } as const;

const decode = (model: ServiceModel, shape: string, form: string): unknown =>
  decodeQuery(model, shape, Parameters.parse(form, LIMITS));

test("every type becomes what its handler reads", () => {
  const form =
    "S=a+b&I=-3&D=1.5&B=true&T=2020-01-02T03:04:05Z&O=YWJj&Flat.1=x&Flat.2=y&M.entry.1.key=k&M.entry.1.value=v&F.1.key=a&F.1.value=b";
  expect(decode(every, "Input", form)).toEqual({
    S: "a b",
    I: -3,
    D: 1.5,
    B: true,
    T: new Date("2020-01-02T03:04:05Z"),
    O: Buffer.from("abc"),
    Flat: ["x", "y"],
    M: { k: "v" },
    F: { a: "b" },
  });
});

test("lists of structures, in the order of their numbers, gaps closed", () => {
  const form =
    "UserName=u&Tags.member.10.Key=b&Tags.member.10.Value=2&Tags.member.2.Key=a&Tags.member.2.Value=1&Newer=x";
  expect(decode(iam, "CreateUserRequest", form)).toEqual({
    UserName: "u",
    Tags: [
      { Key: "a", Value: "1" },
      { Key: "b", Value: "2" },
    ],
  });
});

test("an empty list is sent as an empty value", () => {
  expect(decode(iam, "CreateUserRequest", "UserName=u&Tags=")).toEqual({ UserName: "u", Tags: [] });
});

test("a parameter that comes twice counts once, the first time", () => {
  expect(decode(every, "Input", "S=a&S=b")).toEqual({ S: "a" });
});

test("names that look like anything else are no parameters", () => {
  expect(decode(every, "Input", "__proto__.S=x&Flat.0=x&Flat.01=x&Flat.-1=x&Flat.x=y&Flat.1e3=x")).toEqual({
    Flat: [],
  });
});

test("names that are too deep, and numbers that are too long, are no parameters", () => {
  expect(decode(every, "Input", `${"a.".repeat(400)}=1`)).toEqual({});
  expect(decode(every, "Input", `Flat.999999999=1&Flat.99999999999999999999=2`)).toEqual({ Flat: ["1"] });
});

test.each([
  ["I=", "The value at I is no number"],
  ["I=1.5", "The value at I is no number"],
  ["I=1e5", "The value at I is no number"],
  ["D=x", "The value at D is no number"],
  ["B=yes", "The value at B is no boolean"],
  ["T=yesterday", "The value at T is no ISO 8601 date"],
])("%s is malformed", (form, message) => {
  expect(() => decode(every, "Input", form)).toThrow(new AwsError("SerializationException", message));
});

describe("constraints, in the words of IAM and STS", () => {
  const refusal = (model: ServiceModel, shape: string, form: string): string =>
    queryValidationError(violationsOf(model, shape, decode(model, shape, form))).message;

  test("a required member", () => {
    expect(refusal(sts, "AssumeRoleRequest", "RoleSessionName=abc")).toBe(
      "1 validation error detected: Value null at 'roleArn' failed to satisfy constraint: Member must not be null",
    );
  });

  test("all that is wrong, each with its value", () => {
    const form = `RoleArn=${encodeURIComponent("arn:aws:iam::123456789012:role/r")}&RoleSessionName=a+b&DurationSeconds=1&Tags.member.1.Key=k&Tags.member.1.Value=%3C`;
    expect(refusal(sts, "AssumeRoleRequest", form)).toBe(
      "3 validation errors detected: Value '1' at 'durationSeconds' failed to satisfy constraint: Member must have value greater than or equal to 900; Value 'a b' at 'roleSessionName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\w+=,.@-]*; Value '<' at 'tags.1.member.value' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]*",
    );
  });

  test("an enum", () => {
    expect(refusal(iam, "UpdateAccessKeyRequest", "AccessKeyId=AKIAIOSFODNN7EXAMPLE&Status=Maybe")).toMatch(
      /^1 validation error detected: Value 'Maybe' at 'status' failed to satisfy constraint: Member must satisfy enum value set: \[/,
    );
  });

  test("what is secret is not shown", () => {
    const form = `RoleArn=${encodeURIComponent("arn:aws:iam::123456789012:role/r")}&RoleSessionName=abc&WebIdentityToken=xyz`;
    const message = refusal(sts, "AssumeRoleWithWebIdentityRequest", form);
    expect(message).toContain("Value '***' at 'webIdentityToken'");
    expect(message).not.toContain("xyz");
  });

  test("a long value is cut, and not matched against its pattern", () => {
    const message = refusal(iam, "CreateUserRequest", `UserName=${"u".repeat(100_000)}`);
    expect(message).toContain("Member must have length less than or equal to 64");
    expect(message.length).toBeLessThan(500);
  });
});
