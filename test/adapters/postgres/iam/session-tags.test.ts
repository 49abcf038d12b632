import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  ACCOUNT,
  allow,
  type IamServer,
  type Keys,
  keysOf,
  type Parameters,
  startIamServer,
  trust,
} from "./iam-server.ts";
import { startIssuer, type TestIssuer } from "./oidc-issuer.ts";

const ADMINISTRATOR = { AWS: `arn:aws:iam::${ACCOUNT}:user/administrator` };
const TAGGING = ["sts:AssumeRole", "sts:TagSession"];
const CLAIM = "https://aws.amazon.com/tags";

let server: IamServer;
let issuer: TestIssuer;
let provider: string;
beforeAll(async () => {
  server = await startIamServer();
  issuer = await startIssuer(() => server.clock.now());
  const made = await iam("CreateOpenIDConnectProvider", {
    Url: issuer.url,
    "ClientIDList.member.1": "berth",
  });
  provider = made.one("OpenIDConnectProviderArn");
});
afterAll(async () => {
  await issuer.close();
  await server.close();
});

const iam = (action: string, parameters: Parameters = {}, keys?: Keys) =>
  server.call("iam", action, parameters, keys);
const roleArn = (name: string): string => `arn:aws:iam::${ACCOUNT}:role/${name}`;
const makeRole = (name: string, document: string) =>
  iam("CreateRole", { RoleName: name, AssumeRolePolicyDocument: document });
const assume = (name: string, more: Parameters = {}, keys: Keys = server.administrator) =>
  server.call("sts", "AssumeRole", { RoleArn: roleArn(name), RoleSessionName: "s1", ...more }, keys);
const assumeByToken = async (name: string, claims: Readonly<Record<string, unknown>>) => {
  const wanted = {
    RoleArn: roleArn(name),
    RoleSessionName: "s1",
    WebIdentityToken: await issuer.token(claims),
  };
  return server.call("sts", "AssumeRoleWithWebIdentity", wanted, null);
};
const tags = (...given: readonly (readonly [string, string])[]): Parameters =>
  Object.fromEntries(
    given.flatMap(([key, value], index) => [
      [`Tags.member.${index + 1}.Key`, key],
      [`Tags.member.${index + 1}.Value`, value],
    ]),
  );
const tagsOf = async (keys: Keys) => (await server.ports.sessions.inheritance(keys.accessKeyId))?.tags;

describe("tags of AssumeRole", () => {
  test("are tags of the principal, over those of its role", async () => {
    await makeRole("tagged", trust(ADMINISTRATOR, TAGGING));
    await iam("TagRole", { RoleName: "tagged", ...tags(["Team", "green"]) });
    const condition = { Condition: { StringEquals: { "aws:PrincipalTag/team": "red" } } };
    const document = allow(["iam:ListRoles"], "*", condition);
    await iam("PutRolePolicy", { RoleName: "tagged", PolicyName: "p", PolicyDocument: document });
    const red = keysOf(await assume("tagged", tags(["team", "red"])));
    expect((await iam("ListRoles", {}, red)).status).toBe(200);
    const green = keysOf(await assume("tagged"));
    expect((await iam("ListRoles", {}, green)).status).toBe(403);
  });

  test.each([
    ["their values", { StringEquals: { "aws:RequestTag/team": "red" } }],
    ["their keys", { "ForAllValues:StringEquals": { "aws:TagKeys": ["team"] } }],
    ["which are transitive", { "ForAllValues:StringEquals": { "sts:TransitiveTagKeys": ["team"] } }],
  ])("may be limited by the trust policy: %s", async (what, condition) => {
    const name = `limited-${what.replaceAll(" ", "-")}`;
    await makeRole(name, trust(ADMINISTRATOR, TAGGING, condition));
    expect((await assume(name, tags(["team", "red"]))).status).toBe(200);
    const other = { ...tags(["stage", "prod"]), "TransitiveTagKeys.member.1": "stage" };
    expect((await assume(name, other)).status).toBe(403);
  });

  test("take sts:TagSession of the caller too, where the trust policy names the account", async () => {
    await makeRole("delegated", trust({ AWS: ACCOUNT }, TAGGING));
    const plain = await server.makeUser("plain", ["sts:AssumeRole"]);
    const refused = await assume("delegated", tags(["team", "red"]), plain);
    expect([refused.status, refused.one("Message")]).toEqual([
      403,
      `User: arn:aws:iam::${ACCOUNT}:user/plain is not authorized to perform: sts:TagSession on resource: ${roleArn("delegated")}`,
    ]);
    const tagger = await server.makeUser("tagger", TAGGING);
    expect((await assume("delegated", tags(["team", "red"]), tagger)).status).toBe(200);
  });

  test.each([
    ["the same key twice", tags(["team", "red"], ["Team", "blue"]), "ValidationError"],
    ["a reserved key", tags(["aws:team", "red"]), "ValidationError"],
    ["a transitive key without a tag", { "TransitiveTagKeys.member.1": "team" }, "ValidationError"],
    ["a key of 129 characters", tags(["k".repeat(129), "v"]), "ValidationError"],
    ["a value of 257 characters", tags(["k", "v".repeat(257)]), "ValidationError"],
    ["51 tags", tags(...Array.from({ length: 51 }, (_, n) => [`key${n}`, "v"] as const)), "ValidationError"],
    [
      "more than a session can carry",
      tags(...Array.from({ length: 50 }, (_, n) => [`key${n}`, noise(n, 256)] as const)),
      "PackedPolicyTooLarge",
    ],
  ])("are refused: %s", async (_, more, code) => {
    await makeRole("strict", trust(ADMINISTRATOR, TAGGING));
    const answer = await assume("strict", more);
    expect([answer.status, answer.one("Code")]).toEqual([400, code]);
  });

  test("take their part of what a session may carry", async () => {
    await makeRole("carrier", trust(ADMINISTRATOR, TAGGING));
    const sizeOf = async (count: number): Promise<number> => {
      const given = Array.from({ length: count }, (_, n) => [`key${n}`, noise(n, 40)] as const);
      return Number((await assume("carrier", tags(...given))).one("PackedPolicySize"));
    };
    const [few, many] = [await sizeOf(2), await sizeOf(20)];
    expect(few).toBeGreaterThan(0);
    expect(many).toBeGreaterThan(few);
  });
});

describe("transitive tags", () => {
  test("need sts:TagSession in every further role, though nobody passes them again", async () => {
    const caller = { AWS: `arn:aws:sts::${ACCOUNT}:assumed-role/chain-1/s1` };
    await makeRole("chain-1", trust(ADMINISTRATOR, TAGGING));
    await makeRole("chain-2", trust(caller, TAGGING));
    await makeRole("untaggable", trust(caller));
    const transitive = { ...tags(["team", "red"], ["shift", "late"]), "TransitiveTagKeys.member.1": "team" };
    const first = keysOf(await assume("chain-1", transitive));
    const refused = await assume("untaggable", {}, first);
    expect([refused.status, refused.one("Message")]).toEqual([
      403,
      `User: ${caller.AWS} is not authorized to perform: sts:TagSession on resource: ${roleArn("untaggable")}`,
    ]);
    const second = keysOf(await assume("chain-2", tags(["stage", "prod"]), first));
    expect(await tagsOf(second)).toEqual({ team: "red", stage: "prod" });
    const plain = keysOf(await assume("chain-1", tags(["team", "red"])));
    expect((await assume("untaggable", {}, plain)).status).toBe(200);
  });
});

describe("tags of AssumeRoleWithWebIdentity", () => {
  const ACTION = "sts:AssumeRoleWithWebIdentity";
  const federated = (actions: readonly string[], condition?: object): string =>
    trust({ Federated: provider }, actions, condition);

  test.each([
    ["nested", { [CLAIM]: { principal_tags: { team: ["red"] }, transitive_tag_keys: ["team"] } }],
    ["flattened", { [`${CLAIM}/principal_tags/team`]: "red", [`${CLAIM}/transitive_tag_keys`]: ["team"] }],
  ])("come from the token, %s", async (form, claims) => {
    await makeRole(`web-${form}`, federated([ACTION, "sts:TagSession"]));
    const answer = await assumeByToken(`web-${form}`, claims);
    expect(answer.status).toBe(200);
    expect(Number(answer.one("PackedPolicySize"))).toBeGreaterThan(0);
    expect(await server.ports.sessions.inheritance(keysOf(answer).accessKeyId)).toMatchObject({
      tags: { team: "red" },
      transitiveTagKeys: ["team"],
    });
  });

  test("need sts:TagSession", async () => {
    await makeRole("web-untaggable", federated([ACTION]));
    expect((await assumeByToken("web-untaggable", {})).status).toBe(200);
    const answer = await assumeByToken("web-untaggable", { [CLAIM]: { principal_tags: { team: ["red"] } } });
    expect([answer.status, answer.one("Code"), answer.one("Message")]).toEqual([
      ...[403, "AccessDenied", "Not authorized to perform sts:TagSession"],
    ]);
  });

  test("may be limited by the trust policy", async () => {
    const condition = { StringEquals: { "aws:RequestTag/team": "red" } };
    await makeRole("web-limited", federated([ACTION, "sts:TagSession"], condition));
    const withTeam = (team: string) =>
      assumeByToken("web-limited", { [CLAIM]: { principal_tags: { team: [team] } } });
    expect([(await withTeam("red")).status, (await withTeam("blue")).status]).toEqual([200, 403]);
  });

  test.each([
    ["a claim that is none", { [CLAIM]: "team" }, "InvalidIdentityToken"],
    ["a reserved key", { [CLAIM]: { principal_tags: { "aws:team": ["red"] } } }, "ValidationError"],
    ["a long value", { [CLAIM]: { principal_tags: { team: ["r".repeat(257)] } } }, "ValidationError"],
    ["a transitive key without a tag", { [CLAIM]: { transitive_tag_keys: ["team"] } }, "ValidationError"],
    [
      "more than 50 tags",
      {
        [CLAIM]: { principal_tags: Object.fromEntries(Array.from({ length: 51 }, (_, n) => [`k${n}`, "v"])) },
      },
      "ValidationError",
    ],
  ])("are refused: %s", async (_, claims, code) => {
    await makeRole("web-strict", federated([ACTION, "sts:TagSession"]));
    const answer = await assumeByToken("web-strict", claims);
    expect([answer.status, answer.one("Code")]).toEqual([400, code]);
  });

  test("let the role's own tags be asked for as well", async () => {
    await makeRole("web-owned", federated([ACTION], { StringEquals: { "aws:ResourceTag/for": "ci" } }));
    expect((await assumeByToken("web-owned", {})).status).toBe(403);
    await iam("TagRole", { RoleName: "web-owned", ...tags(["for", "ci"]) });
    expect((await assumeByToken("web-owned", {})).status).toBe(200);
  });
});

/** Text that hardly compresses, the same each time. */
function noise(seed: number, length: number): string {
  let state = seed + 1;
  return Array.from({ length }, () => {
    state = (state * 48_271) % 2_147_483_647;
    return (state % 36).toString(36);
  }).join("");
}
