// biome-ignore-all lint/suspicious/noTemplateCurlyInString: policy variables look like placeholders.
import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { afterEach, describe, expect, test, vi } from "vitest";
import { CasbinDecider } from "../../../src/adapters/casbin/decider.ts";
import { readModel } from "../../../src/adapters/casbin/model.ts";
import type { PolicyRequest } from "../../../src/iam/policy/port.ts";
import { ALICE, aContext, aDocument, parse, REPOSITORY } from "./builders.ts";

const request: PolicyRequest = {
  principal: { caller: ALICE, directness: 3, bounded: false },
  action: "ecr:putimage",
  resource: REPOSITORY,
  context: aContext({ "aws:username": "alice" }),
};
const statement = (Effect: string, more: object = {}) => ({
  Effect,
  Action: "ecr:PutImage",
  Resource: "*",
  ...more,
});

describe("one document decides", () => {
  const other = { Action: "s3:*" };
  test.each([
    ["none without a match", [statement("Allow", other)], { effect: "none" }],
    ["none when only a Deny of something else is there", [statement("Deny", other)], { effect: "none" }],
    [
      "none when the action matches and the resource does not",
      [statement("Allow", { Resource: "arn:aws:s3:::x" })],
      { effect: "none" },
    ],
    [
      "allow by the first Allow that matches",
      [statement("Allow", other), statement("Allow"), statement("Allow")],
      { effect: "allow", statement: { index: 1 } },
    ],
    [
      "deny by the first Deny that matches",
      [statement("Allow"), statement("Deny", other), statement("Deny"), statement("Deny")],
      { effect: "deny", statement: { index: 2 } },
    ],
    [
      "deny whatever the order",
      [statement("Deny"), statement("Allow")],
      { effect: "deny", statement: { index: 0 } },
    ],
    [
      "allow where the Deny has a condition that fails",
      [statement("Deny", { Condition: { StringEquals: { "aws:username": "bob" } } }), statement("Allow")],
      { effect: "allow", statement: { index: 1 } },
    ],
  ])("%s", (_, statements, expected) => {
    expect(new CasbinDecider().decide(parse("identity", statements), request)).toMatchObject(expected);
  });

  test("the same however often and about whatever it is asked in between", () => {
    const decider = new CasbinDecider();
    const document = parse("identity", [
      statement("Deny", { Action: "ecr:Get*" }),
      statement("Allow", { Action: "ecr:*" }),
    ]);
    for (let round = 0; round < 300; round++) {
      expect(decider.decide(document, { ...request, action: `ecr:get${round}` }).effect).toBe("deny");
      expect(decider.decide(document, { ...request, action: `ecr:put${round}` }).effect).toBe("allow");
    }
  });

  test("with more documents than are kept", () => {
    const decider = new CasbinDecider(readModel(), 2);
    const documents = ["a", "b", "c"].map((name) =>
      parse("identity", [statement(name === "b" ? "Deny" : "Allow", { Sid: name })]),
    );
    for (let round = 0; round < 3; round++) {
      expect(documents.map((each) => decider.decide(each, request).effect)).toEqual([
        "allow",
        "deny",
        "allow",
      ]);
    }
  });
});

test("what is remembered is bounded, however many actions and documents are made up", () => {
  const decider = new CasbinDecider(readModel(), 10_000);
  const many = Array.from({ length: 90 }, () => statement("Allow", { Action: "*" }));
  for (const name of ["a", "b", "c"]) {
    const document = parse("identity", [statement("Deny", { Sid: name, Action: "a:b" }), ...many]);
    for (let at = 0; at < 100; at++) decider.decide(document, { ...request, action: `ecr:${at}` });
  }
  expect(decider.remembered).toBeLessThanOrEqual(10_000);
});

describe("no text of a user is evaluated", () => {
  afterEach(() => vi.unstubAllGlobals());

  const hostile = [
    'ecr:*" || true || "',
    "eval(p.statement)",
    "r.principal.constructor",
    "allow) || some(where (p.eft == allow",
    "${constructor}",
    "0, allow\np, 1, allow",
    "__proto__",
    "# comment",
  ];
  test.each(hostile)("%s matches nothing but itself", (text) => {
    const condition = (wanted: string) =>
      statement("Allow", { Sid: undefined, Condition: { StringEquals: { "aws:username": wanted } } });
    // Written so that the policy means the text itself.
    const wanted = text.replace("${", "${$}{");
    const decider = new CasbinDecider();
    expect(decider.decide(parse("identity", [condition(wanted)]), request).effect).toBe("none");
    const itself = { ...request, context: aContext({ "aws:username": text }) };
    expect(decider.decide(parse("identity", [condition(wanted)]), itself).effect).toBe("allow");
    const sid = aDocument("repository", { Sid: text, Action: "ecr:PutImage" });
    expect(decider.decide(sid, { ...request, action: text, resource: text }).effect).toBe("none");
  });

  test("the model evaluates nothing that comes with a rule", () => {
    const model = readModel();
    expect(model).not.toMatch(/eval\s*\(/);
    expect(/^p = (.*)$/m.exec(model)?.[1]).toBe("statement, eft");
  });

  test("neither Casbin nor its expressions make code of text", () => {
    const require = createRequire(createRequire(import.meta.url).resolve("casbin"));
    const sources = [
      ...readdirSync(new URL("../esm/", `file://${require.resolve("casbin")}`)).map(
        (name) => new URL(`../esm/${name}`, `file://${require.resolve("casbin")}`),
      ),
      new URL(`file://${require.resolve("@casbin/expression-eval")}`),
    ];
    for (const source of sources) {
      expect(readFileSync(source, "utf8").replace(/`eval\(\$\{\w+\}\)`/g, "")).not.toMatch(
        /new Function|[^.\w]eval\((?!\$)/,
      );
    }
  });
});
