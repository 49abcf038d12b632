import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { MINUTE } from "../../../support/clock.ts";
import {
  ACCOUNT,
  allow,
  type IamServer,
  keysOf,
  type Parameters,
  startIamServer,
  trust,
} from "./iam-server.ts";
import { startIssuer, type TestIssuer } from "./oidc-issuer.ts";

let server: IamServer;
let issuer: TestIssuer;
let provider: string;
beforeAll(async () => {
  server = await startIamServer();
});
afterAll(() => server.close());

const ACTION = "sts:AssumeRoleWithWebIdentity";
const iam = (action: string, parameters: Parameters = {}) => server.call("iam", action, parameters);
const assume = (token: string, more: Parameters = {}) =>
  server.call(
    "sts",
    "AssumeRoleWithWebIdentity",
    {
      RoleArn: `arn:aws:iam::${ACCOUNT}:role/ci`,
      RoleSessionName: "job-1",
      WebIdentityToken: token,
      ...more,
    },
    null,
  );
const trustCi = (condition?: object) =>
  iam("UpdateAssumeRolePolicy", {
    RoleName: "ci",
    PolicyDocument: trust({ Federated: provider }, ACTION, condition),
  });

// Each test has an issuer of its own, so that nothing is remembered of another's.
beforeEach(async () => {
  issuer = await startIssuer(() => server.clock.now());
  const made = await iam("CreateOpenIDConnectProvider", {
    Url: issuer.url,
    "ClientIDList.member.1": "berth",
  });
  provider = made.one("OpenIDConnectProviderArn");
  await iam("CreateRole", {
    RoleName: "ci",
    AssumeRolePolicyDocument: trust({ Federated: provider }, ACTION),
  });
  await trustCi();
  return () => issuer.close();
});

describe("a token of a registered provider", () => {
  test("makes its holder a session of the role", async () => {
    await iam("PutRolePolicy", { RoleName: "ci", PolicyName: "p", PolicyDocument: allow(["iam:ListRoles"]) });
    const answer = await assume(await issuer.token());
    expect(answer.status).toBe(200);
    expect(answer.one("Provider")).toBe(provider);
    expect(answer.one("Audience")).toBe("berth");
    expect(answer.one("SubjectFromWebIdentityToken")).toBe("repo:acme/app:ref:main");
    const session = keysOf(answer);
    const identity = await server.call("sts", "GetCallerIdentity", {}, session);
    expect(identity.one("Arn")).toBe(`arn:aws:sts::${ACCOUNT}:assumed-role/ci/job-1`);
    expect((await server.call("iam", "ListRoles", {}, session)).status).toBe(200);
  });

  test("is judged by its subject, audience and other claims", async () => {
    const key = (claim: string): string => `${issuer.name}:${claim}`;
    const equals = {
      [key("sub")]: "repo:acme/app:ref:main",
      [key("aud")]: "berth",
      [key("environment")]: "prod",
    };
    await trustCi({ StringEquals: equals });
    expect((await assume(await issuer.token({ environment: "prod" }))).status).toBe(200);
    for (const claims of [
      {},
      { environment: "test" },
      { environment: "prod", sub: "repo:evil/app:ref:main" },
    ]) {
      const answer = await assume(await issuer.token(claims));
      expect([answer.status, answer.one("Code"), answer.one("Message")]).toEqual([
        403,
        "AccessDenied",
        `Not authorized to perform ${ACTION}`,
      ]);
    }
  });

  test("tells nothing about roles that do not trust it", async () => {
    const absent = await assume(await issuer.token(), { RoleArn: `arn:aws:iam::${ACCOUNT}:role/absent` });
    expect(absent.one("Message")).toBe(`Not authorized to perform ${ACTION}`);
  });

  test("is worth nothing once the provider is deleted", async () => {
    const token = await issuer.token();
    expect((await assume(token)).status).toBe(200);
    await iam("DeleteOpenIDConnectProvider", { OpenIDConnectProviderArn: provider });
    expect((await assume(token)).one("Code")).toBe("InvalidIdentityToken");
  });

  test("must be for a client id of the provider", async () => {
    const wrong = await assume(await issuer.token({ aud: "other" }));
    expect([wrong.status, wrong.one("Code"), wrong.one("Message")]).toEqual([
      400,
      "InvalidIdentityToken",
      "Incorrect token audience",
    ]);
    await iam("AddClientIDToOpenIDConnectProvider", {
      OpenIDConnectProviderArn: provider,
      ClientID: "other",
    });
    expect((await assume(await issuer.token({ aud: "other" }))).status).toBe(200);
    await iam("RemoveClientIDFromOpenIDConnectProvider", {
      OpenIDConnectProviderArn: provider,
      ClientID: "other",
    });
    expect((await assume(await issuer.token({ aud: "other" }))).one("Code")).toBe("InvalidIdentityToken");
  });

  test("with an authorised party is for that party", async () => {
    expect((await assume(await issuer.token({ aud: ["berth", "x"], azp: "stranger" }))).status).toBe(400);
    expect((await assume(await issuer.token({ aud: ["x"], azp: "berth" }))).status).toBe(200);
  });

  test("is refused after its time", async () => {
    const token = await issuer.token();
    server.clock.advance(6 * MINUTE);
    const answer = await assume(token);
    expect([answer.status, answer.one("Code")]).toEqual([400, "ExpiredTokenException"]);
    expect(answer.one("Message")).toMatch(/^Token expired: current date\/time \d+ must be before/);
  });

  test("is refused without a subject or an end", async () => {
    for (const claim of ["sub", "exp"]) {
      const answer = await assume(await issuer.token({ [claim]: undefined }));
      expect(answer.one("Message")).toBe(`Missing a required claim: ${claim}`);
    }
  });
});

describe("claims in another form than the specifications have", () => {
  test.each<[string, object, string]>([
    ["a subject in two letter cases", { SUB: "repo:acme/secret:ref:main" }, "SUB"],
    ["an audience in two letter cases", { AUD: "other" }, "AUD"],
    ["a subject that is a list", { sub: ["repo:acme/app:ref:main", "other"] }, "sub"],
    ["an issue that is to come", { iat: Math.floor(Date.parse("2031-01-01") / 1000) }, "iat"],
    ["a beginning that is to come", { nbf: Math.floor(Date.parse("2031-01-01") / 1000) }, "nbf"],
  ])("make a token worthless: %s", async (_, claims, claim) => {
    const answer = await assume(await issuer.token({ ...claims }));
    expect([answer.status, answer.one("Code"), answer.one("Message")]).toEqual([
      ...[400, "InvalidIdentityToken", `Invalid claim: ${claim}`],
    ]);
  });

  test("cannot stand in for the audience that a policy asks for", async () => {
    await trustCi({ StringEquals: { [`${issuer.name}:oaud`]: "berth" } });
    expect((await assume(await issuer.token({ aud: "other", azp: "berth", OAUD: "berth" }))).status).toBe(
      403,
    );
    expect((await assume(await issuer.token({ OAUD: "other" }))).status).toBe(200);
  });
});

test("an issuer keeps the slash at its end, in its ARN and in condition keys", async () => {
  const slashed = await startIssuer(() => server.clock.now(), "/");
  const parameters = { Url: slashed.url, "ClientIDList.member.1": "berth" };
  const arn = (await iam("CreateOpenIDConnectProvider", parameters)).one("OpenIDConnectProviderArn");
  expect(arn).toBe(`arn:aws:iam::${ACCOUNT}:oidc-provider/${slashed.name}`);
  expect(arn.endsWith("/")).toBe(true);
  const condition = { StringEquals: { [`${slashed.name}:sub`]: "repo:acme/app:ref:main" } };
  await iam("UpdateAssumeRolePolicy", {
    RoleName: "ci",
    PolicyDocument: trust({ Federated: arn }, ACTION, condition),
  });
  expect((await assume(await slashed.token())).one("Provider")).toBe(arn);
  expect((await assume(await slashed.token({ sub: "other" }))).status).toBe(403);
  await slashed.close();
});

describe("a token that proves nothing", () => {
  test("is signed by another", async () => {
    const stranger = await startIssuer(() => server.clock.now());
    const answer = await assume(await stranger.token({ iss: issuer.url }));
    expect([answer.one("Code"), answer.one("Message")]).toEqual([
      "InvalidIdentityToken",
      "Token signature invalid",
    ]);
    await stranger.close();
  });

  test("is not signed at all", async () => {
    const [, payload] = (await issuer.token()).split(".");
    const header = Buffer.from(JSON.stringify({ alg: "none" })).toString("base64url");
    expect((await assume(`${header}.${payload}.`)).one("Code")).toBe("InvalidIdentityToken");
  });

  test("is no token", async () => {
    expect((await assume("not.a.token")).one("Message")).toMatch(/^The ID Token provided is not a valid JWT/);
  });

  test("is of an issuer that the account does not know", async () => {
    const answer = await assume(await issuer.token({ iss: "https://unknown.example" }));
    expect(answer.one("Message")).toBe(
      "No OpenIDConnect provider found in your account for https://unknown.example",
    );
    expect(issuer.asked).toEqual([]);
  });
});

describe("a provider", () => {
  test("is asked once for many tokens, and again when a key is new to us", async () => {
    await Promise.all(Array.from({ length: 5 }, async () => assume(await issuer.token())));
    expect(issuer.asked).toEqual(["/.well-known/openid-configuration", "/keys"]);
    await issuer.rotate();
    // Asked a moment ago: keys that are made up must not make us ask again and again.
    expect((await assume(await issuer.token())).one("Code")).toBe("InvalidIdentityToken");
    expect(issuer.asked).toHaveLength(2);
  });

  test.each([
    ["fails", { path: "/.well-known/openid-configuration", status: 500 }],
    [
      "names another issuer",
      { path: "/.well-known/openid-configuration", body: `{"issuer":"https://other.example"}` },
    ],
    ["sends keys without end", { path: "/keys", body: `{"keys":["${"x".repeat(300 * 1024)}"]}` }],
    ["sends no JSON", { path: "/keys", body: "<html>" }],
    [
      "sends a key that is none",
      { path: "/keys", body: '{"keys":[{"kty":"EC","crv":"P-256","kid":"key-1","x":5,"y":"?"}]}' },
    ],
  ])("that %s gives no key", async (_, lie) => {
    issuer.lie = lie;
    const answer = await assume(await issuer.token());
    expect([answer.status, answer.one("Code")]).toEqual([400, "InvalidIdentityToken"]);
    expect(answer.one("Message")).toMatch(/^Couldn't retrieve verification key/);
  });

  test("may not send us elsewhere", async () => {
    const url = "http://10.0.0.1/keys";
    issuer.lie = {
      path: "/.well-known/openid-configuration",
      body: JSON.stringify({ issuer: issuer.url, jwks_uri: url }),
    };
    expect((await assume(await issuer.token())).one("Message")).toMatch(/^Couldn't retrieve/);
  });

  test.each([
    ...["http://localhost:1", "https://localhost", "https://10.0.0.1", "https://169.254.169.254/latest"],
    ...["https://[::1]", "https://[fd00::1]", "https://2851995905", "http://127.0.0.2"],
  ])("on a private host that is not named is not registered: %s", async (url) => {
    const answer = await iam("CreateOpenIDConnectProvider", { Url: url });
    expect([answer.status, answer.one("Code")]).toEqual([400, "ValidationError"]);
    expect(answer.one("Message")).toContain("BERTH_OIDC_PRIVATE_HOSTS does not name it");
  });

  test("is deleted as often as anybody likes", async () => {
    const gone = { OpenIDConnectProviderArn: provider };
    expect((await iam("DeleteOpenIDConnectProvider", gone)).status).toBe(200);
    expect((await iam("DeleteOpenIDConnectProvider", gone)).status).toBe(200);
    const wrong = await iam("DeleteOpenIDConnectProvider", { OpenIDConnectProviderArn: `${provider}é` });
    expect(wrong.one("Code")).toBe("InvalidInput");
  });

  test("has thumbprints of 40 characters, whichever they are", async () => {
    const odd = "z".repeat(40);
    const made = { Url: "https://odd.example", "ThumbprintList.member.1": odd };
    expect((await iam("CreateOpenIDConnectProvider", made)).status).toBe(200);
    const short = { Url: "https://short.example", "ThumbprintList.member.1": "z".repeat(39) };
    expect((await iam("CreateOpenIDConnectProvider", short)).one("Code")).toBe("ValidationError");
  });

  test("without tags shows none", async () => {
    const shown = await iam("GetOpenIDConnectProvider", { OpenIDConnectProviderArn: provider });
    expect(shown.text).not.toContain("Tags");
  });

  test("is registered once, with https, and shown", async () => {
    const again = await iam("CreateOpenIDConnectProvider", { Url: issuer.url });
    expect([again.status, again.one("Code")]).toEqual([409, "EntityAlreadyExists"]);
    const plain = await iam("CreateOpenIDConnectProvider", { Url: "http://issuer.example" });
    expect(plain.one("Code")).toBe("ValidationError");
    const shown = await iam("GetOpenIDConnectProvider", { OpenIDConnectProviderArn: provider });
    expect([shown.one("Url"), shown.all("ClientIDList").length]).toEqual([issuer.name, 1]);
    expect((await iam("ListOpenIDConnectProviders")).all("Arn")).toContain(provider);
    const thumbprint = "0123456789abcdef0123456789abcdef01234567";
    await iam("UpdateOpenIDConnectProviderThumbprint", {
      ...{ OpenIDConnectProviderArn: provider, "ThumbprintList.member.1": thumbprint },
    });
    const changed = await iam("GetOpenIDConnectProvider", { OpenIDConnectProviderArn: provider });
    expect(changed.one("ThumbprintList")).toContain(thumbprint);
    const other = provider.replace(ACCOUNT, "999999999999");
    expect((await iam("GetOpenIDConnectProvider", { OpenIDConnectProviderArn: other })).one("Code")).toBe(
      "NoSuchEntity",
    );
  });
});
