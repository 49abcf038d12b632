import { beforeEach, expect, test } from "vitest";
import type { PolicyKind } from "../../../src/iam/policy/kinds.ts";
import { StoredPolicies, type UnreadablePolicy } from "../../../src/iam/principals/stored-policies.ts";

const KINDS: readonly PolicyKind[] = [
  ...(["identity", "boundary", "session", "trust", "repository", "registry", "resource"] as const),
];
const ARN = "arn:aws:ecr:us-east-1:111122223333:repository/app";

let heard: UnreadablePolicy[];
let stored: StoredPolicies;
beforeEach(() => {
  heard = [];
  stored = new StoredPolicies((found) => heard.push(found));
});

const UNREADABLE: readonly [string, string][] = [
  ["no JSON", "not a policy"],
  ["no text at all", ""],
  ["no statement", "{}"],
  ["another version", '{"Version":"2030-01-01","Statement":[]}'],
  ["a key twice", '{"Statement":{"Effect":"Allow","Effect":"Deny","Principal":"*","Action":"*"}}'],
  ["an unknown operator", statement({ Condition: { StringSeems: { "aws:username": "a" } } })],
  ["a variable without an end", statement({ Condition: { StringLike: { "aws:username": "${" } } })],
  ["too deep", `{"Statement":${"[".repeat(60_000)}`],
  ["too long", `{"Statement":[]${" ".repeat(200_000)}}`],
];

function statement(more: object): string {
  const said = { Effect: "Deny", Action: "*", Resource: "*", ...more };
  return JSON.stringify({ Version: "2012-10-17", Statement: said });
}

test.each(KINDS.flatMap((kind) => UNREADABLE.map(([what, text]) => [kind, what, text] as const)))(
  "a stored %s document with %s is unreadable: it says nothing, and is told",
  (kind, _, text) => {
    const { document } = stored.attached("broken", { kind, account: "111122223333" }, text);
    expect(document.statements).toEqual([]);
    expect(document.unreadable).toEqual(expect.any(String));
    expect(heard).toEqual([{ policy: "broken", kind, account: "111122223333", reason: document.unreadable }]);
  },
);

test.each<[PolicyKind, string, object]>([
  ["repository", "its own ARN as resource", { Principal: "*", Action: "ecr:*", Resource: ARN }],
  ["repository", "any resource but one", { Principal: "*", Action: "ecr:*", NotResource: ARN }],
  ["repository", "any action", { Principal: "*", Action: "*" }],
  [
    "repository",
    "an action of another service",
    { Principal: "*", Action: ["s3:GetObject", "ecr:PutImage"] },
  ],
  [
    "registry",
    "a resource of another service",
    { Principal: "*", Action: "*", Resource: "arn:aws:iam::*:*" },
  ],
  ["identity", "a Sid with blanks", { Sid: "as it was", Action: "*", Resource: "*" }],
])("a stored %s document with %s is read", (kind, _, said) => {
  const text = JSON.stringify({ Statement: { Effect: "Allow", ...said } });
  const { document } = stored.attached("old", kind, text);
  expect(document.unreadable).toBeUndefined();
  expect(document.statements).toHaveLength(1);
  expect(heard).toEqual([]);
});
