// biome-ignore-all lint/suspicious/noTemplateCurlyInString: policy variables look like placeholders.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CasbinDecider } from "../../../src/adapters/casbin/decider.ts";
import { evaluate } from "../../../src/iam/policy/evaluate.ts";
import { explain } from "../../../src/iam/policy/explain.ts";
import { globMatches, wildcardGlob } from "../../../src/iam/policy/glob.ts";
import { Steps, StepsExceededError } from "../../../src/iam/policy/steps.ts";
import { parseTemplate, TemplateError } from "../../../src/iam/policy/template.ts";
import { cutAtVariables, withoutVariables } from "../../../src/iam/policy/variables.ts";
import { aContext, anAccess, attached, parse } from "./builders.ts";

const decider = new CasbinDecider();

function stepsOf(pattern: string, text: string): number {
  const steps = new Steps(Number.POSITIVE_INFINITY);
  globMatches(wildcardGlob(pattern), text, steps);
  return steps.taken;
}

describe("a pattern costs no more than the text is long, and itself,", () => {
  test.each([
    ["that begins a match at every character", `${"*a".repeat(40)}*b`],
    ["that repeats itself", `*${"a".repeat(500)}b*`],
    ["that repeats itself with a difference", `*${`${"a".repeat(50)}b`.repeat(20)}c*`],
    ["of stars and one letter", `${"*a*".repeat(100)}b`],
    ["that ends in what is not there", `*${"a".repeat(500)}*b`],
  ])("%s", (_, pattern) => {
    for (const length of [1_000, 10_000, 100_000]) {
      expect(stepsOf(pattern, "a".repeat(length))).toBeLessThan(2 * (length + pattern.length));
    }
  });

  test("and with `?` in the middle itself times the text, which is counted", () => {
    const pattern = `*${"a".repeat(50)}?b*`;
    const [short, long] = [stepsOf(pattern, "a".repeat(1_000)), stepsOf(pattern, "a".repeat(10_000))];
    expect(long / short).toBeLessThan(11);
    expect(() => globMatches(wildcardGlob(pattern), "a".repeat(100_000))).toThrow(StepsExceededError);
  });
});

const letters = fc.constantFrom("a", "b", "\u{1f40b}");
const marks = fc.oneof(
  { weight: 3, arbitrary: letters },
  { weight: 2, arbitrary: fc.constantFrom("*", "?") },
);
const joined = (unit: fc.Arbitrary<string>, maxLength: number) =>
  fc.array(unit, { maxLength }).map((units) => units.join(""));

test("a pattern fits what the regular expression of the same meaning fits", () => {
  fc.assert(
    fc.property(joined(marks, 12), joined(letters, 20), (pattern, text) => {
      const source = pattern.replaceAll("*", "[^]*").replaceAll("?", "[^]");
      expect(globMatches(wildcardGlob(pattern), text)).toBe(new RegExp(`^${source}$`, "u").test(text));
    }),
    { numRuns: 20_000, seed: 7 },
  );
});

describe("a text with variables", () => {
  const rules = { variables: true, wildcards: true };

  test("is cut in one pass, whatever it does not close", () => {
    for (const text of [
      `${"${"}${" ".repeat(60_000)}`,
      "${".repeat(60_000),
      "${a, '".repeat(60_000),
      `${"${"}${"a ".repeat(60_000)}`,
    ]) {
      expect([...cutAtVariables(text)].length).toBeLessThan(3);
      expect(withoutVariables(text)).toBe(text);
      expect(() => parseTemplate(text, rules)).toThrow(TemplateError);
    }
  });

  test.each([
    ["${aws:username}", ["aws:username"]],
    ["a${ aws:PrincipalTag/team space }b${*}c", ["aws:principaltag/team space"]],
    ["${aws:a, 'x y'}${aws:b,''}", ["aws:a", "aws:b"]],
  ])("%s asks for %j", (text, keys) => {
    const found = parseTemplate(text, rules).parts.flatMap((part) => ("key" in part ? [part.key] : []));
    expect(found).toEqual(keys);
  });

  test.each(["${}", "${ }", "${aws:}", "${a,b}", "${a,'b'c}", "${a,'b{'}", "${a", "${a$b}", "${aws:a,}"])(
    "%s is none",
    (text) => expect(() => parseTemplate(text, rules)).toThrow(TemplateError),
  );
});

describe("a decision that takes too many steps", () => {
  const patterns = Array.from({ length: 90 }, (_, at) => `*${"a".repeat(40)}?b${at}*`);
  const hungry = (effect: string) =>
    parse("identity", [
      { Effect: "Allow", Action: "*", Resource: "*" },
      {
        ...{ Effect: effect, Action: "*", Resource: "*" },
        Condition: { "ForAnyValue:StringLike": { "aws:TagKeys": patterns } },
      },
    ]);
  const keys = Array.from({ length: 50 }, (_, at) => `${"a".repeat(120)}${at}`);
  const context = aContext({ "aws:TagKeys": keys });
  const access = anAccess({
    context,
    identity: [
      attached(hungry("Deny"), "hungry"),
      attached(parse("identity", [{ Effect: "Allow", Action: "*", Resource: "*" }])),
    ],
  });

  test("is a denial that says so, though an Allow matches", () => {
    const verdict = evaluate(access, decider);
    expect(verdict).toMatchObject({
      allowed: false,
      role: "identity",
      message: expect.stringMatching(/^User: arn:.* because it takes more than 1000000 steps/),
      exhausted: { label: "hungry" },
      decidedBy: undefined,
    });
  });

  test("is explained by the policy that takes them", () => {
    const { verdict, considered, remedies } = explain(access, decider);
    expect(verdict).toEqual(evaluate(access, decider));
    expect(remedies).toEqual([{ change: "simplify", role: "identity", policy: access.identity[0] }]);
    expect(considered[0]?.statements[1]).toMatchObject({ uncompared: true });
  });

  test("is none for a request that brings less to compare", () => {
    const few = aContext({ "aws:TagKeys": ["team"] });
    expect(evaluate({ ...access, context: few }, decider).allowed).toBe(true);
  });

  test("is not reached by ten policies of full size against fifty tags", () => {
    const plain = Array.from({ length: 83 }, (_, at) => `*a*b${at}*`);
    const full = (index: number) =>
      attached(
        parse("identity", [
          {
            ...{ Sid: `s${index}`, Effect: "Deny", Action: "*", Resource: "*" },
            Condition: { "ForAnyValue:StringLike": { "aws:TagKeys": plain } },
          },
          { Effect: "Allow", Action: "*", Resource: "*" },
        ]),
      );
    const tags = Array.from({ length: 50 }, (_, at) => `team-${at}`);
    const identity = Array.from({ length: 10 }, (_, index) => full(index));
    expect(
      evaluate(anAccess({ context: aContext({ "aws:TagKeys": tags }), identity }), decider).allowed,
    ).toBe(true);
  });
});
