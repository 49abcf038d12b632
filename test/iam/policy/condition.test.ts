// biome-ignore-all lint/suspicious/noTemplateCurlyInString: policy variables look like placeholders.
import { describe, expect, test } from "vitest";
import { parseConditions } from "../../../src/iam/policy/condition.ts";
import { aContext } from "./builders.ts";

/** Whether `{operator: {"aws:x": wanted}}` holds when the request has these values of `aws:x`. */
function holds(
  operator: string,
  wanted: unknown,
  found: readonly string[],
  more: Record<string, string | string[]> = {},
  variables = true,
): boolean {
  const [condition] = parseConditions({ [operator]: { "aws:x": wanted } }, "Condition", variables);
  return condition?.holds(aContext({ ...more, "aws:x": found })) ?? false;
}

const table: Readonly<Record<string, readonly [wanted: unknown, found: string, holds: boolean][]>> = {
  StringEquals: [
    ["a", "a", true],
    ["a", "A", false],
    ["a*", "abc", false],
    [["a", "b"], "b", true],
    ["", "", true],
  ],
  StringNotEquals: [
    ["a", "b", true],
    ["a", "a", false],
    [["a", "b"], "b", false],
  ],
  StringEqualsIgnoreCase: [
    ["Straße", "STRAßE", true],
    ["a", "b", false],
  ],
  StringNotEqualsIgnoreCase: [
    ["a", "A", false],
    ["a", "b", true],
  ],
  StringLike: [
    ["a*", "abc", true],
    ["a?c", "abc", true],
    ["a?c", "ac", false],
    ["A*", "abc", false],
    ["*b*", "abc", true],
    ["?", "😀", true],
    ["a.c", "abc", false],
  ],
  StringNotLike: [
    ["a*", "abc", false],
    ["b*", "abc", true],
  ],
  NumericEquals: [
    ["3", "3.0", true],
    [3, "3", true],
    ["3", "4", false],
    ["3", "three", false],
    ["0", "", false],
  ],
  NumericNotEquals: [
    ["3", "4", true],
    ["3", "3", false],
    ["3", "three", true],
  ],
  NumericLessThan: [
    ["10", "9", true],
    ["10", "10", false],
  ],
  NumericLessThanEquals: [
    ["10", "10", true],
    ["10", "10.5", false],
  ],
  NumericGreaterThan: [
    ["-1", "0", true],
    ["0", "0", false],
  ],
  NumericGreaterThanEquals: [
    ["1e3", "1000", true],
    ["1e3", "999", false],
  ],
  DateEquals: [
    ["2030-01-01T00:00:00Z", "2030-01-01", true],
    ["1893456000", "2030-01-01T01:00:00+01:00", true],
    ["2030", "2030-01-01T00:00:00.000Z", true],
    ["2030-01", "2030-02", false],
  ],
  DateNotEquals: [
    ["2030-01-01", "2030-01-02", true],
    ["2030-01-01", "2030-01-01T00:00:00Z", false],
  ],
  DateLessThan: [
    ["2030-01-01T12:00:00Z", "2030-01-01T11:59:59.999Z", true],
    ["2030-01-01", "2030-01-01", false],
  ],
  DateLessThanEquals: [
    ["2030-01-01", "2030-01-01", true],
    ["2030-01-01", "2030-01-02", false],
  ],
  DateGreaterThan: [
    ["2030-01-01", "1893456001", true],
    ["2030-01-01", "2030-01-01T23:59:59Z", true],
    ["2030-01-01", "2030-01-01T24:00:00Z", false],
    ["2030-01-01", "1893456000", false],
  ],
  DateGreaterThanEquals: [
    ["2030-01-01", "1893456000", true],
    ["2030-01-01", "2029-12-31", false],
    ["2030-01-01", "soon", false],
  ],
  Bool: [
    ["true", "TRUE", true],
    [true, "true", true],
    ["false", "true", false],
    ["true", "1", false],
  ],
  BinaryEquals: [
    ["aGk=", "aGk=", true],
    ["aGk=", "aGo=", false],
    ["aGk=", "hi", false],
  ],
  IpAddress: [
    ["203.0.113.0/24", "203.0.113.255", true],
    ["203.0.113.0/24", "203.0.114.0", false],
    ["203.0.113.7", "203.0.113.7", true],
    ["203.0.113.7/24", "203.0.113.8", true],
    ["0.0.0.0/0", "8.8.8.8", true],
    ["0.0.0.0/0", "2001:db8::1", false],
    ["::/0", "8.8.8.8", false],
    ["203.0.113.0/24", "::ffff:203.0.113.9", true],
    ["2001:db8::/32", "2001:DB8:ffff::1", true],
    ["2001:db8::/32", "2001:db9::1", false],
    ["::1", "0:0:0:0:0:0:0:1", true],
    ["10.0.0.0/8", "nonsense", false],
  ],
  NotIpAddress: [
    ["203.0.113.0/24", "203.0.114.0", true],
    ["203.0.113.0/24", "203.0.113.1", false],
    [["10.0.0.0/8", "::1"], "::1", false],
  ],
  ArnEquals: [
    ["arn:aws:iam::123456789012:user/a*", "arn:aws:iam::123456789012:user/abc", true],
    ["arn:aws:iam::1*:user/a", "arn:aws:iam::123456789012:user/a", true],
  ],
  ArnLike: [
    ["arn:aws:iam::*:user/*", "arn:aws:iam::123456789012:user/team/a", true],
    ["arn:aws:iam:*:1:user/a", "arn:aws:iam:x:y:1:user/a", false],
    ["arn:aws:x:::a:*", "arn:aws:x:::a:b:c", true],
    ["arn:aws:iam::1:root", "aws:iam::1:root", false],
    ["*", "arn:aws:iam::1:root", true],
    ["*", "text", false],
  ],
  ArnNotEquals: [
    ["arn:aws:iam::1:root", "arn:aws:iam::2:root", true],
    ["arn:aws:iam::*:root", "arn:aws:iam::2:root", false],
  ],
  ArnNotLike: [
    ["arn:aws:iam::1:*", "arn:aws:iam::2:root", true],
    ["arn:aws:iam::2:*", "arn:aws:iam::2:root", false],
    ["arn:aws:iam::2:*", "text", true],
  ],
};

for (const [operator, cases] of Object.entries(table)) {
  const negated = operator.includes("Not");
  describe(operator, () => {
    test.each(cases)("%j against %j: %s", (wanted, found, expected) => {
      expect(holds(operator, wanted, [found])).toBe(expected);
    });
    const [wanted] = cases[0] ?? [];
    test(`${negated ? "holds" : "fails"} on an absent key, and holds with IfExists`, () => {
      expect(holds(operator, wanted, [])).toBe(negated);
      expect(holds(`${operator}IfExists`, wanted, [])).toBe(true);
    });
    test.each(cases)("with IfExists is the same when the key is there: %j, %j", (same, found, expected) => {
      expect(holds(`${operator}IfExists`, same, [found])).toBe(expected);
    });
  });
}

describe("Null", () => {
  test.each([
    ["true", [], true],
    ["true", ["a"], false],
    ["false", [], false],
    ["false", ["a"], true],
    [true, [], true],
    [["true", "false"], ["a"], true],
  ])("%j with %j: %s", (wanted, found, expected) => {
    expect(holds("Null", wanted, found)).toBe(expected);
  });
});

describe("sets", () => {
  const cases: readonly [operator: string, wanted: string[], found: string[], holds: boolean][] = [
    ["ForAllValues:StringEquals", ["a", "b"], ["a", "b"], true],
    ["ForAllValues:StringEquals", ["a", "b"], ["a", "c"], false],
    ["ForAllValues:StringEquals", ["a"], [], true],
    ["ForAllValues:StringEquals", ["a"], [""], true],
    ["ForAllValues:StringNotEquals", ["a"], ["b", "c"], true],
    ["ForAllValues:StringNotEquals", ["a"], ["a", "c"], false],
    ["ForAnyValue:StringEquals", ["a", "b"], ["c", "b"], true],
    ["ForAnyValue:StringEquals", ["a", "b"], ["c"], false],
    ["ForAnyValue:StringEquals", ["a"], [], false],
    ["ForAnyValue:StringNotEquals", ["a"], ["a", "b"], true],
    ["ForAnyValue:StringNotEquals", ["a"], ["a"], false],
    ["ForAnyValue:StringNotEquals", ["a"], [], false],
    ["ForAnyValue:StringLikeIfExists", ["a*"], [], true],
    ["ForAllValues:NumericLessThan", ["3"], ["1", "2"], true],
    ["StringEquals", ["a"], ["a", "b"], true],
    ["StringNotEquals", ["a"], ["a", "b"], false],
  ];
  test.each(cases)("%s %j of %j: %s", (operator, wanted, found, expected) => {
    expect(holds(operator, wanted, found)).toBe(expected);
  });
});

describe("policy variables", () => {
  const user = {
    "aws:UserName": "bob",
    "aws:PrincipalTag/Team": "r*d",
    "aws:PrincipalTag/Name": "Bob",
    "aws:TagKeys": ["a", "b"],
  };
  const cases: readonly [operator: string, wanted: string, found: string, holds: boolean][] = [
    ["StringEquals", "${aws:username}", "bob", true],
    ["StringEquals", "${AWS:UserName}-x", "bob-x", true],
    ["StringEqualsIgnoreCase", "${aws:username}", "BOB", true],
    ["StringLike", "${aws:username}/*", "bob/app", true],
    ["StringLike", "${aws:PrincipalTag/team}", "r*d", true],
    ["StringLike", "${aws:PrincipalTag/team}", "red", false],
    ["StringEquals", "${aws:missing}", "", false],
    ["StringNotEquals", "${aws:missing}", "a", true],
    ["StringEquals", "${aws:missing, 'all'}", "all", true],
    ["StringEquals", "${aws:missing,''}", "", true],
    ["StringEquals", "${aws:username, 'all'}", "bob", true],
    ["StringEquals", "${aws:TagKeys}", "a", false],
    ["StringLike", "a${*}b", "a*b", true],
    ["StringLike", "a${*}b", "axb", false],
    ["StringLike", "a${?}b", "axb", false],
    ["StringEquals", "${$}{x}", "${x}", true],
    ["ArnLike", "arn:aws:iam::1:user/${aws:username}", "arn:aws:iam::1:user/bob", true],
    ["ArnLike", "arn:aws:iam::1:user/${aws:missing}", "arn:aws:iam::1:user/", false],
    ["ArnLike", "arn:aws:iam::1:user/${aws:PrincipalTag/Name}", "arn:aws:iam::1:user/Bob", true],
    ["ArnLike", "arn:aws:iam::1:user/${aws:PrincipalTag/Name}", "arn:aws:iam::1:user/bob", false],
  ];
  test.each(cases)("%s %s of %s: %s", (operator, wanted, found, expected) => {
    expect(holds(operator, wanted, [found], user)).toBe(expected);
  });

  test("are plain text before Version 2012-10-17", () => {
    expect(holds("StringEquals", "${aws:username}", ["${aws:username}"], user, false)).toBe(true);
    expect(holds("StringEquals", "${aws:username}", ["bob"], user, false)).toBe(false);
    expect(holds("StringLike", "${", ["${"], user, false)).toBe(true);
  });
});

test("operators and keys are joined by AND, values by OR; keys have any letter case", () => {
  const conditions = parseConditions(
    { StringEquals: { "AWS:x": ["a", "b"], "aws:y": "c" }, Bool: { "aws:SecureTransport": "true" } },
    "Condition",
    true,
  );
  const all = (values: Record<string, string>): boolean =>
    conditions.every((each) => each.holds(aContext(values)));
  expect(all({ "aws:X": "b", "aws:y": "c", "aws:securetransport": "true" })).toBe(true);
  expect(all({ "aws:X": "b", "aws:y": "d", "aws:securetransport": "true" })).toBe(false);
  expect(all({ "aws:X": "b", "aws:y": "c", "aws:securetransport": "false" })).toBe(false);
});

test("a pattern made to take long takes no long", () => {
  const started = performance.now();
  expect(holds("StringLike", `${"*a".repeat(1_000)}b`, ["a".repeat(4_000)])).toBe(false);
  expect(performance.now() - started).toBeLessThan(2_000);
});
