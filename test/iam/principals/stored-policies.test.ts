import { expect, test } from "vitest";
import { CasbinDecider } from "../../../src/adapters/casbin/decider.ts";
import type { PolicyKind } from "../../../src/iam/policy/kinds.ts";
import { StoredPolicies } from "../../../src/iam/principals/stored-policies.ts";

const ARN = "arn:aws:ecr:us-east-1:111122223333:repository/app";
const KINDS: readonly [PolicyKind, string, string][] = [
  ["identity", "ecr:putimage", ARN],
  ["boundary", "ecr:putimage", ARN],
  ["session", "ecr:putimage", ARN],
  ["repository", "ecr:putimage", ARN],
  ["registry", "ecr:putimage", ARN],
  ["resource", "ecr:putimage", ARN],
  ["trust", "sts:assumerole", "arn:aws:iam::111122223333:role/deploy"],
];

test.each(KINDS)("a stored %s document that cannot be read any more denies", (kind, action, resource) => {
  const { document } = new StoredPolicies().attached("broken", kind, "not a policy");
  const caller = { kind: "user", account: "111122223333", arn: "arn:aws:iam::111122223333:user/a" } as const;
  const principal = { caller, directness: 1, bounded: false } as const;
  const decision = new CasbinDecider().decide(document, { principal, action, resource, context: new Map() });
  expect(decision.effect).toBe("deny");
});
