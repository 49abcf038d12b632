import { expect, test } from "vitest";
import {
  globalContext,
  requestContext,
  requestTagKeys,
  resourceTagKeys,
} from "../../../src/iam/principals/global-context.ts";
import { ALICE, CI_RUN } from "../access/identities.ts";
import { ACCOUNT } from "../policy/builders.ts";

const FACTS = {
  ...{ sourceIp: "192.0.2.7", secure: true, time: new Date("2030-01-01T00:00:00Z"), userAgent: "docker" },
  ...{ region: "eu-north-1", resourceAccount: ACCOUNT },
};

test("a request has every key that AWS always sets", () => {
  expect(Object.fromEntries(globalContext(ALICE, undefined, FACTS))).toEqual({
    "aws:sourceip": ["192.0.2.7"],
    "aws:securetransport": ["true"],
    "aws:currenttime": ["2030-01-01T00:00:00.000Z"],
    "aws:epochtime": ["1893456000"],
    "aws:requestedregion": ["eu-north-1"],
    "aws:useragent": ["docker"],
    "aws:viaawsservice": ["false"],
    "aws:resourceaccount": [ACCOUNT],
    "aws:principalarn": [ALICE.arn],
    "aws:principalaccount": [ACCOUNT],
    "aws:principaltype": ["User"],
    "aws:principalisawsservice": ["false"],
    "aws:userid": [ALICE.uniqueId],
    "aws:username": ["alice"],
  });
  expect(globalContext(CI_RUN, undefined, FACTS).get("aws:principalisawsservice")).toEqual(["false"]);
});

test("whoever signs nothing is anonymous, and no service is ruled out", () => {
  const context = globalContext(undefined, undefined, FACTS);
  const principal = ["aws:principalaccount", "aws:principaltype", "aws:userid"].map((key) =>
    context.get(key),
  );
  expect(principal).toEqual([["anonymous"], ["Anonymous"], ["anonymous"]]);
  expect(context.has("aws:principalisawsservice")).toBe(false);
  expect(context.has("aws:principalarn")).toBe(false);
});

test("whoever holds a token of an identity provider is no principal yet", () => {
  expect([...requestContext(FACTS, {}).keys()].filter((key) => /principal|userid/.test(key))).toEqual([]);
});

test("what a client says of itself is cut", () => {
  const context = globalContext(ALICE, undefined, { ...FACTS, userAgent: "x".repeat(100_000) });
  expect(context.get("aws:useragent")).toEqual(["x".repeat(512)]);
});

test("of tags that differ in letter case alone the first in the order of characters counts", () => {
  for (const tags of [
    { team: "red", Team: "blue", TEAM: "green" },
    { TEAM: "green", Team: "blue", team: "red" },
  ]) {
    expect(resourceTagKeys("ecr", tags)).toEqual({
      "aws:ResourceTag/TEAM": ["green"],
      "ecr:ResourceTag/TEAM": ["green"],
    });
    expect(requestTagKeys(tags)["aws:RequestTag/TEAM"]).toEqual(["green"]);
    expect(
      globalContext(ALICE, { tags, sessionFacts: undefined }, FACTS).get("aws:principaltag/team"),
    ).toEqual(["green"]);
  }
});
