import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { rowsOf } from "../../../support/rows.ts";
import { ACCOUNT, allow, type IamServer, type Parameters, startIamServer } from "./iam-server.ts";

let server: IamServer;
beforeAll(async () => {
  server = await startIamServer();
});
afterAll(() => server.close());

const iam = (action: string, parameters: Parameters = {}, keys = server.administrator) =>
  server.call("iam", action, parameters, keys);
const arnOf = (rest: string): string => `arn:aws:iam::${ACCOUNT}:${rest}`;

/** Tags as the Query protocol has them. */
const tags = (given: Readonly<Record<string, string>>): Parameters =>
  Object.fromEntries(
    Object.entries(given).flatMap(([key, value], index) => [
      [`Tags.member.${index + 1}.Key`, key],
      [`Tags.member.${index + 1}.Value`, value],
    ]),
  );

interface Kind {
  readonly title: string;
  readonly make: string;
  readonly making: Parameters;
  readonly get: string;
  /** What names the thing that was made, and one that is nowhere. */
  readonly it: Parameters;
  readonly none: Parameters;
  readonly missing: string;
}

const KINDS: readonly Kind[] = [
  {
    ...{ title: "Policy", make: "CreatePolicy", get: "GetPolicy" },
    making: { PolicyName: "tagged", Path: "/t/", PolicyDocument: allow(["ecr:*"]) },
    it: { PolicyArn: arnOf("policy/t/tagged") },
    none: { PolicyArn: arnOf("policy/none") },
    missing: `Policy ${arnOf("policy/none")} was not found.`,
  },
  {
    ...{
      title: "OpenIDConnectProvider",
      make: "CreateOpenIDConnectProvider",
      get: "GetOpenIDConnectProvider",
    },
    making: { Url: "https://ci.example/" },
    it: { OpenIDConnectProviderArn: arnOf("oidc-provider/ci.example/") },
    none: { OpenIDConnectProviderArn: arnOf("oidc-provider/none.example") },
    missing: `OpenIDConnect Provider not found for arn ${arnOf("oidc-provider/none.example")}`,
  },
];

describe.each(KINDS)("tags of $title", ({ title, make, making, get, it, none, missing }) => {
  const [tag, untag, list] = [`Tag${title}`, `Untag${title}`, `List${title}Tags`];

  test("are given with it, put over each other and taken", async () => {
    const made = await iam(make, { ...making, ...tags({ Team: "red", empty: "" }) });
    expect(made.status, made.text).toBe(200);
    expect(made.all("Key")).toEqual(["Team", "empty"]);
    expect((await iam(tag, { ...it, ...tags({ team: "blue", more: "1" }) })).status).toBe(200);
    expect((await iam(untag, { ...it, "TagKeys.member.1": "EMPTY", "TagKeys.member.2": "x" })).status).toBe(
      200,
    );
    const shown = await iam(get, it);
    expect([shown.all("Key"), shown.all("Value")]).toEqual([
      ["more", "team"],
      ["1", "blue"],
    ]);
    expect((await iam(list, it)).all("Key")).toEqual(["more", "team"]);
  });

  test("come by pages", async () => {
    const first = await iam(list, { ...it, MaxItems: 1 });
    expect([first.all("Key"), first.one("IsTruncated")]).toEqual([["more"], "true"]);
    const second = await iam(list, { ...it, MaxItems: 1, Marker: first.one("Marker") });
    expect([second.all("Key"), second.one("IsTruncated")]).toEqual([["team"], "false"]);
  });

  test("are fifty at most, of other names than AWS's own", async () => {
    const fifty = Object.fromEntries(Array.from({ length: 50 }, (_, index) => [`k${index}`, "v"]));
    const many = await iam(tag, { ...it, ...tags(fifty) });
    expect([many.status, many.one("Code")]).toEqual([409, "LimitExceeded"]);
    const reserved = await iam(tag, { ...it, ...tags({ "aws:x": "v" }) });
    expect([reserved.status, reserved.one("Code")]).toEqual([400, "InvalidInput"]);
    expect((await iam(get, it)).all("Key")).toEqual(["more", "team"]);
  });

  test("are not of what does not exist", async () => {
    const answers = [
      await iam(tag, { ...none, ...tags({ a: "b" }) }),
      await iam(untag, { ...none, "TagKeys.member.1": "a" }),
      await iam(list, none),
      await iam(list, it, server.otherAdministrator),
    ];
    expect(answers.map(({ status, one }) => [status, one("Code")])).toEqual(
      Array.from({ length: 4 }, () => [404, "NoSuchEntity"]),
    );
    expect(answers[0]?.one("Message")).toBe(missing);
  });

  test("are given by whom a policy lets give these", async () => {
    const user = `tagger-${title}`;
    const keys = await server.makeUser(user);
    const given = { StringEquals: { "aws:RequestTag/team": "green" } };
    const keysOnly = { "ForAllValues:StringEquals": { "aws:TagKeys": ["team"] } };
    const statements = [
      { Effect: "Allow", Action: [`iam:${tag}`], Resource: "*", Condition: { ...given, ...keysOnly } },
      { Effect: "Allow", Action: [`iam:${untag}`], Resource: "*", Condition: keysOnly },
    ];
    const document = JSON.stringify({ Version: "2012-10-17", Statement: statements });
    await iam("PutUserPolicy", { UserName: user, PolicyName: "p", PolicyDocument: document });
    const status = async (action: string, more: Parameters) =>
      (await iam(action, { ...it, ...more }, keys)).status;
    expect(await status(tag, tags({ team: "red" }))).toBe(403);
    expect(await status(tag, tags({ team: "green", more: "2" }))).toBe(403);
    expect(await status(tag, tags({ team: "green" }))).toBe(200);
    expect(await status(untag, { "TagKeys.member.1": "more" })).toBe(403);
    expect(await status(untag, { "TagKeys.member.1": "team" })).toBe(200);
    expect(await status(list, {})).toBe(403);
  });

  test("are in the audit log", async () => {
    const [named] = Object.values(it);
    const rows = await rowsOf<{ action: string }>(
      server,
      "SELECT action FROM audit_log WHERE resource = $1 AND action LIKE '%ag%' ORDER BY id DESC LIMIT 2",
      [named],
    );
    expect(rows.map(({ action }) => action)).toEqual([`iam:${untag}`, `iam:${tag}`]);
  });
});

test("policies of AWS have no tags, and get none", async () => {
  const it = { PolicyArn: "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryReadOnly" };
  const listed = await iam("ListPolicyTags", it);
  expect([listed.status, listed.all("Key")]).toEqual([200, []]);
  for (const answer of [
    await iam("TagPolicy", { ...it, ...tags({ a: "b" }) }),
    await iam("UntagPolicy", { ...it, "TagKeys.member.1": "a" }),
  ]) {
    expect([answer.status, answer.one("Code")]).toEqual([403, "AccessDenied"]);
  }
  expect((await iam("ListPolicyTags", { PolicyArn: "arn:aws:iam::aws:nonsense" })).one("Code")).toBe(
    "InvalidInput",
  );
});
