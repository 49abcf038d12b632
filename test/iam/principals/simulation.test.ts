import { describe, expect, test } from "vitest";
import { parsePolicyDocument } from "../../../src/iam/policy/document.ts";
import { contextKeysOf } from "../../../src/iam/principals/simulation/context-keys.ts";
import { simulatedCaller } from "../../../src/iam/principals/simulation/simulated-caller.ts";
import { statementPositions } from "../../../src/iam/principals/simulation/statement-positions.ts";
import { StoredPolicies } from "../../../src/iam/principals/stored-policies.ts";

describe("positions of statements", () => {
  test("count lines and columns from 1, and are not fooled by text", () => {
    const first = `{"Sid":"a}]{","Condition":{"StringLike":{"aws:x":"\\"}"}}}`;
    const text = `{"Id":"Statement","Version":"2012-10-17",\n "Statement":[\n${first},\n  {"Sid":"b"}]}`;
    expect(statementPositions(text)).toEqual([
      { start: { Line: 3, Column: 1 }, end: { Line: 3, Column: first.length + 1 } },
      { start: { Line: 4, Column: 3 }, end: { Line: 4, Column: 14 } },
    ]);
  });

  test("are those of the one statement that stands without a list", () => {
    expect(statementPositions(`{"Statement":{"Sid":"a"}}`)).toEqual([
      { start: { Line: 1, Column: 14 }, end: { Line: 1, Column: 25 } },
    ]);
  });
});

describe("context keys", () => {
  const keysOf = (statement: object, version = "2012-10-17") =>
    contextKeysOf([
      parsePolicyDocument(
        JSON.stringify({
          Version: version,
          Statement: { Effect: "Allow", Action: "ecr:*", Resource: "*", ...statement },
        }),
        { kind: "identity" },
      ),
    ]);

  test("are those of conditions and variables, each once in any letter case", () => {
    const condition = {
      StringLike: { "aws:UserName": `\${aws:PrincipalTag/team}\${*}`, "aws:username": "x" },
    };
    expect(keysOf({ Condition: condition })).toEqual(["aws:PrincipalTag/team", "aws:UserName"]);
  });

  test("stand in no variable before 2012", () => {
    expect(keysOf({ Condition: { StringLike: { "aws:x": `\${aws:username}` } } }, "2008-10-17")).toEqual([
      "aws:x",
    ]);
  });
});

describe("a simulated caller", () => {
  test.each([
    ["arn:aws:iam::123456789012:root", "root"],
    ["arn:aws:iam::123456789012:user/a/b", "user"],
    ["arn:aws:iam::123456789012:role/r", "session"],
    ["arn:aws:sts::123456789012:assumed-role/r/s", "session"],
    ["arn:aws:iam::123456789012:oidc-provider/host", "federated"],
  ])("%s is a %s", (arn, kind) => {
    expect(simulatedCaller(arn)?.kind).toBe(kind);
  });

  test("is no group", () => {
    expect(simulatedCaller("arn:aws:iam::123456789012:group/g")).toBeUndefined();
  });
});

describe("a stored policy", () => {
  const stored = new StoredPolicies();

  test("is compiled once for a text", () => {
    const text = `{"Statement":{"Effect":"Allow","Action":"ecr:*","Resource":"*"}}`;
    const [first, second] = [stored.attached("a", "identity", text), stored.attached("b", "identity", text)];
    expect(first.document).toBe(second.document);
    expect(stored.attached("c", "session", text).document).not.toBe(first.document);
  });

  test("that is gone allows nothing and still counts", () => {
    const [statement] = stored.attached("a", "session", undefined).document.statements;
    expect(statement).toMatchObject({ effect: "Allow", actions: { written: ["none:None"] } });
  });
});
