import { expect, test } from "vitest";
import { keep, RecentDecisions } from "../../../src/iam/access/recent-decisions.ts";
import type { RequestContext } from "../../../src/iam/authorizer.ts";
import type { Identity } from "../../../src/iam/principals/identity.ts";

const who: Identity = {
  kind: "root",
  account: "123456789012",
  arn: "arn:aws:iam::123456789012:root",
  accessKeyId: "AKIA",
};
const context: RequestContext = {
  ...{ sourceIp: "192.0.2.1", secureTransport: true, time: new Date(0), userAgent: "docker" },
};

test("what was kept is known again in the same context, whenever it is asked for", () => {
  const recent = new RecentDecisions();
  keep(recent.of(who, 1, context), "ecr:PutImage x", { allowed: true });
  const later = { ...context, time: new Date(1) };
  expect(recent.of(who, 1, later).get("ecr:PutImage x")).toEqual({ allowed: true });
});

test.each<[string, Identity, number, Partial<RequestContext>]>([
  ["of another principal", { ...who }, 1, {}],
  ["of an account that has changed", who, 2, {}],
  ["from another address", who, 1, { sourceIp: "192.0.2.2" }],
  ["without TLS", who, 1, { secureTransport: false }],
  ["by another agent", who, 1, { userAgent: "podman" }],
])("a request %s is asked anew", (_, identity, version, changes) => {
  const recent = new RecentDecisions();
  keep(recent.of(who, 1, context), "ecr:PutImage x", { allowed: true });
  expect(recent.of(identity, version, { ...context, ...changes }).size).toBe(0);
});

test("of too many decisions all are forgotten", () => {
  const decisions = new RecentDecisions().of(who, 1, context);
  for (let at = 0; at < 64; at++) keep(decisions, `ecr:PutImage ${at}`, { allowed: true });
  expect(decisions.size).toBe(64);
  keep(decisions, "ecr:PutImage 64", { allowed: true });
  expect([...decisions.keys()]).toEqual(["ecr:PutImage 64"]);
});
