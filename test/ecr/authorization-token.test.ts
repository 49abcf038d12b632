import { createHash } from "node:crypto";
import { afterAll, beforeEach, expect, test } from "vitest";
import { ACCOUNT, annaWith, callJson, REGION, SECRET, USER_ARN } from "../http/aws/support/aws-server.ts";
import { startEcrServer } from "./support/ecr-server.ts";

const server = await startEcrServer();
afterAll(() => server[Symbol.asyncDispose]());
beforeEach(async () => {
  await server.reset();
});

interface Item {
  readonly authorizationToken: string;
  readonly expiresAt: number;
  readonly proxyEndpoint: string;
}

async function tokens(input: unknown, changed = {}): Promise<readonly Item[]> {
  const { status, body } = await callJson(server, "GetAuthorizationToken", input, changed);
  expect(status).toBe(200);
  return body["authorizationData"] as readonly Item[];
}

test("one token for the caller's own registry, as user AWS, for twelve hours", async () => {
  const end = server.clock.now().getTime() / 1000 + 43_200;
  expect(await tokens({})).toEqual([
    {
      authorizationToken: Buffer.from("AWS:header.payload.signature").toString("base64"),
      expiresAt: end,
      proxyEndpoint: `https://${ACCOUNT}.dkr.ecr.${REGION}.berth.test:5000`,
    },
  ]);
  expect(server.issued).toEqual([{ arn: USER_ARN, expiresAt: new Date(end * 1000) }]);
  expect(server.asked).toEqual([
    expect.objectContaining({ action: "ecr:GetAuthorizationToken", resource: "*" }),
  ]);
});

test("one item per registry that was asked for, in that order, and one token in all of them", async () => {
  const items = await tokens({ registryIds: ["999999999999", "111111111111"] });
  expect(items.map(({ proxyEndpoint }) => proxyEndpoint.slice(8, 20))).toEqual([
    "999999999999",
    "111111111111",
  ]);
  expect(server.issued).toHaveLength(1);
});

test("a session's token ends with the session", async () => {
  const expiresAt = new Date(server.clock.now().getTime() + 60_000);
  server.credentials.set("ASIASESSION", {
    secret: SECRET,
    principal: annaWith("ASIASESSION"),
    sessionTokenHash: createHash("sha256").update("t").digest("hex"),
    expiresAt,
  });
  const [item] = await tokens({}, { keyId: "ASIASESSION", token: "t" });
  expect(item?.expiresAt).toBe(expiresAt.getTime() / 1000);
});

test.each([
  ["registryIds", [], "Member must have length greater than or equal to 1"],
  ["registryIds", Array(11).fill(ACCOUNT), "Member must have length less than or equal to 10"],
  ["registryIds.1.member", ["12"], "must satisfy regular expression '[0-9]{12}'"],
])("%s of %j", async (field, registryIds, rule) => {
  const { status, body } = await callJson(server, "GetAuthorizationToken", { registryIds });
  expect([status, body]).toEqual([
    400,
    {
      __type: "InvalidParameterException",
      message: `Invalid parameter at '${field}' failed to satisfy constraint: '${rule}'`,
    },
  ]);
});

test("a denial issues nothing", async () => {
  server.denied.set("ecr:GetAuthorizationToken", "because no identity-based policy allows it");
  const { status, body } = await callJson(server, "GetAuthorizationToken", {});
  expect([status, body]).toEqual([
    400,
    { __type: "AccessDeniedException", message: "because no identity-based policy allows it" },
  ]);
  expect(server.issued).toEqual([]);
});
