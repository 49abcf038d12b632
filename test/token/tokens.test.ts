import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { ADMINISTRATOR, basic, startTestBerth } from "../support/berth.ts";
import { expectAnswer, expectError, openRequest } from "../support/exchange.ts";
import { digestOfText } from "../support/manifests.ts";
import { openSession, pushImage } from "../support/push.ts";
import {
  accessOf,
  ask,
  BASIC_HOST,
  BEARER_ENV,
  BEARER_HOST,
  basicOf,
  bearer,
  callEcr,
  callQuery,
  createUser,
  getToken,
  granted,
  type Keys,
  keysIn,
  PULL,
  PUSH,
  postToken,
  statement,
} from "./caller.ts";

const ELSEWHERE = "111122223333.dkr.ecr.us-east-1.example.com";
const { BERTH_BEARER_HOSTS } = BEARER_ENV;
const berth = await startTestBerth({ env: { BERTH_BEARER_HOSTS: `${BERTH_BEARER_HOSTS},${ELSEWHERE}` } });
afterAll(() => berth.stop());

const { accessKeyId, secretAccessKey } = ADMINISTRATOR;
const image = await pushImage(berth, "lib/app", "v1", "tokens");
await pushImage(berth, "lib/other", "v1", "tokens");
const MANIFEST = "/v2/lib/app/manifests/v1";
const LOGIN_CHALLENGE = `Basic realm="http://${BEARER_HOST}/token",service="berth"`;

let reader: Keys;
let pusher: Keys;
beforeAll(async () => {
  reader = await createUser(berth, "reader", statement("Allow", PULL, "lib/*"));
  pusher = await createUser(
    berth,
    "pusher",
    statement("Allow", [...PULL, ...PUSH], "lib/app", "lib/new"),
    statement("Allow", ["InitiateLayerUpload"], "lib/half"),
    statement("Allow", PULL, "lib/other"),
    { Effect: "Allow", Action: "ecr:GetAuthorizationToken", Resource: "*" },
  );
});

describe("a token", () => {
  test("answers both names, its life and its beginning", async () => {
    const answer = await getToken(berth, berth.authorization, ["repository:lib/app:pull"]);
    const json = granted(answer);
    expect(json).toEqual({
      token: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/),
      access_token: json.token,
      scope: "repository:lib/app:pull",
      expires_in: expect.any(Number),
      issued_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
    });
    expect(json.expires_in).toBeGreaterThan(3500);
    expect(json.expires_in).toBeLessThanOrEqual(3600);
    expect(answer.headers["cache-control"]).toBe("no-store");
    expect(answer.headers["content-type"]).toBe("application/json");
  });

  test("opens what its scope names, on every host", async () => {
    const token = bearer(granted(await getToken(berth, berth.authorization, ["repository:lib/app:pull"])));
    expectAnswer(await ask(berth, token, MANIFEST), { status: 200, content: image.bytes });
    expectAnswer(await ask(berth, token, MANIFEST, "GET", BASIC_HOST), {
      status: 200,
      content: image.bytes,
    });
  });

  test("without a scope opens the door alone", async () => {
    const login = granted(await getToken(berth, berth.authorization));
    expect(accessOf(login)).toEqual([]);
    expect((await ask(berth, bearer(login), "/v2/")).status).toBe(200);
    const answer = await ask(berth, bearer(login), MANIFEST);
    expect(answer.status).toBe(401);
    expect(answer.headers["www-authenticate"]).toBe(
      `Bearer realm="http://${BEARER_HOST}/token",service="${BEARER_HOST}",scope="repository:lib/app:pull",error="insufficient_scope"`,
    );
    expectError(answer, "UNAUTHORIZED", "the scope of the token does not cover getManifest on lib/app");
  });

  test("never does more than its scope", async () => {
    const token = bearer(granted(await getToken(berth, berth.authorization, ["repository:lib/app:pull"])));
    for (const [method, path] of [
      ["POST", "/v2/lib/app/blobs/uploads/"],
      ["DELETE", MANIFEST],
      ["GET", "/v2/lib/other/manifests/v1"],
      ["GET", "/v2/_catalog"],
    ] as const) {
      expectError(await ask(berth, token, path, method), "UNAUTHORIZED", "the scope of the token");
      const elsewhere = await ask(berth, token, path, method, BASIC_HOST);
      expect(elsewhere.status).toBe(403);
      expectError(elsewhere, "DENIED", "the scope of the token");
    }
  });

  test("mounts from another repository only when both are in its scope", async () => {
    const mount = `/v2/lib/new/blobs/uploads/?mount=${digestOfText("layer of tokens")}&from=lib/other`;
    const target = "repository:lib/new:pull,push";
    const one = granted(await getToken(berth, berth.authorization, [target]));
    const both = granted(await getToken(berth, berth.authorization, [target, "repository:lib/other:pull"]));
    expect((await ask(berth, bearer(one), mount, "POST")).status).toBe(202);
    expect((await ask(berth, bearer(both), mount, "POST")).status).toBe(201);
  });

  test("is for the registry that it was asked of", async () => {
    const token = bearer(granted(await getToken(berth, berth.authorization, ["repository:lib/app:pull"])));
    for (const host of ["111122223333.dkr.ecr.us-east-1.x", "000000000000.dkr.ecr.eu-west-1.x"]) {
      expect((await ask(berth, token, MANIFEST, "GET", host)).status, host).toBe(401);
    }
    expect((await ask(berth, token, MANIFEST, "GET", "000000000000.dkr.ecr.us-east-1.x")).status).toBe(200);
  });

  test("as the password of AWS gets tokens of no wider scope, and no refresh token", async () => {
    const narrow = granted(await getToken(berth, berth.authorization, ["repository:lib/app:pull"]));
    const asked = ["repository:lib/app:pull,push", "repository:lib/other:pull"];
    const other = granted(
      await getToken(berth, basic("AWS", narrow.token), asked, { offline_token: "true" }),
    );
    expect(accessOf(other)).toEqual(["repository:lib/app:pull"]);
    expect(other).not.toHaveProperty("refresh_token");
  });
});

describe("scopes", () => {
  test.each<[string, () => Keys, readonly string[], readonly string[]]>([
    ["in any order", () => pusher, ["repository:lib/app:push,pull"], ["repository:lib/app:pull,push"]],
    [
      "merged, whether repeated or blank-separated",
      () => pusher,
      [
        "repository:lib/app:pull repository:lib/app:pull,push",
        "repository:lib/other:pull",
        "repository:lib/app:pull",
      ],
      ["repository:lib/app:pull,push", "repository:lib/other:pull"],
    ],
    [
      "granted as far as allowed",
      () => reader,
      ["repository:lib/app:pull,push"],
      ["repository:lib/app:pull"],
    ],
    ["not granted at all", () => reader, ["repository:elsewhere:pull"], []],
    ["push by half of its permissions", () => pusher, ["repository:lib/half:push"], []],
    ["a star", () => ADMINISTRATOR, ["repository:lib/app:*"], ["repository:lib/app:pull,push,delete"]],
    ["a star as far as allowed", () => reader, ["repository:lib/app:*"], ["repository:lib/app:pull"]],
    ["the catalog", () => ADMINISTRATOR, ["registry:catalog:*"], ["registry:catalog:*"]],
    ["the catalog for who may not list", () => reader, ["registry:catalog:*"], []],
    ["a class", () => reader, ["repository(plugin):lib/app:pull"], ["repository:lib/app:pull"]],
    ["unknown actions", () => reader, ["repository:lib/app:fly,pull"], ["repository:lib/app:pull"]],
    [
      "of other kinds, or of none",
      () => ADMINISTRATOR,
      ["artifact:x:pull", "x", ":", "repository:lib/app", "repository:A B:pull", ""],
      [],
    ],
  ])("%s", async (_, who, asked, access) => {
    expect(accessOf(granted(await getToken(berth, basicOf(who()), asked)))).toEqual(access);
  });

  test("32 are granted, with the longest names", async () => {
    const names = Array.from({ length: 32 }, (_, at) => `${String(at).padStart(2, "0")}/${"n".repeat(200)}`);
    const scope = names.map((name) => `repository:${name}:pull`).join(" ");
    const form = { grant_type: "password", username: accessKeyId, password: secretAccessKey, scope };
    const token = granted(await postToken(berth, form));
    expect(accessOf(token)).toHaveLength(32);
    expect((await ask(berth, bearer(token), "/v2/")).status).toBe(200);
  });

  test("33 are refused", async () => {
    const scopes = Array.from({ length: 33 }, (_, at) => `repository:r${at}:pull`);
    const answer = await getToken(berth, berth.authorization, scopes);
    expect(answer.status).toBe(400);
    expectError(answer, "UNSUPPORTED", "at most 32 scopes");
  });
});

describe("a denial says why", () => {
  test("in the authorizer's words when the principal may not, whatever the scope", async () => {
    const token = granted(await getToken(berth, basicOf(reader), ["repository:lib/app:pull,push"]));
    const answer = await ask(berth, bearer(token), "/v2/lib/app/blobs/uploads/", "POST");
    expect(answer.status).toBe(403);
    expectError(answer, "DENIED", "user/reader is not authorized to perform: ecr:InitiateLayerUpload");
  });

  test("at the time of use: what was granted may have been taken back", async () => {
    const keys = await createUser(berth, "passing", statement("Allow", PULL, "lib/app"));
    const token = bearer(granted(await getToken(berth, basicOf(keys), ["repository:lib/app:pull"])));
    expect((await ask(berth, token, MANIFEST)).status).toBe(200);
    await callQuery(berth, "iam", { Action: "DeleteUserPolicy", UserName: "passing", PolicyName: "own" });
    await vi.waitFor(async () => expect((await ask(berth, token, MANIFEST)).status).toBe(403), 2_000);
  });

  test("a key that is switched off ends its tokens", async () => {
    const keys = await createUser(berth, "leaver", statement("Allow", PULL, "lib/app"));
    const login = granted(
      await getToken(berth, basicOf(keys), ["repository:lib/app:pull"], { offline_token: "true" }),
    );
    expect((await ask(berth, bearer(login), MANIFEST)).status).toBe(200);
    const { accessKeyId: AccessKeyId } = keys;
    const off = { Action: "UpdateAccessKey", UserName: "leaver", AccessKeyId, Status: "Inactive" };
    await callQuery(berth, "iam", off);
    await vi.waitFor(async () => expect((await ask(berth, bearer(login), MANIFEST)).status).toBe(401), 2_000);
    const refresh_token = login.refresh_token ?? "";
    const answer = await postToken(berth, { grant_type: "refresh_token", refresh_token });
    expect(answer.status).toBe(401);
  });
});

describe("POST", () => {
  const scope = "repository:lib/app:pull repository:lib/app:pull,push";
  const password = { grant_type: "password", username: accessKeyId, password: secretAccessKey };

  test("takes the password grant as containerd sends it", async () => {
    const form = { client_id: "containerd-client", service: BEARER_HOST, ...password, scope };
    const token = granted(await postToken(berth, form));
    expect(accessOf(token)).toEqual(["repository:lib/app:pull,push"]);
    expect(token).not.toHaveProperty("refresh_token");
  });

  test.each([
    [
      "both of two repositories",
      "repository:a:pull repository:b:push,pull",
      "repository:a:pull repository:b:pull,push",
    ],
    ["the catalog", "registry:catalog:*", "registry:catalog:*"],
    ["nothing, where nothing is asked for", "", ""],
    ["nothing, where nothing of the kind is there", "repository:a:frobnicate plugin:x:pull", ""],
  ])("says what was granted: %s", async (_, wanted, scope) => {
    const said = granted(await postToken(berth, { ...password, scope: wanted, access_type: "offline" }));
    expect(said.scope).toBe(scope);
    const refreshed = { grant_type: "refresh_token", refresh_token: said.refresh_token ?? "", scope: wanted };
    expect(granted(await postToken(berth, refreshed)).scope).toBe(scope);
  });

  test("says that nothing was granted to whoever may nothing", async () => {
    const nobody = await createUser(berth, "no-scope");
    const form = { grant_type: "password", username: nobody.accessKeyId, password: nobody.secretAccessKey };
    expect(granted(await postToken(berth, { ...form, scope: "repository:lib/app:pull" })).scope).toBe("");
  });

  test("takes repeated scopes", async () => {
    const pairs = [
      ...Object.entries(password),
      ["scope", "repository:a:pull"],
      ["scope", "repository:b:pull"],
    ];
    const token = granted(await postToken(berth, pairs as [string, string][]));
    expect(accessOf(token)).toEqual(["repository:a:pull", "repository:b:pull"]);
  });

  test("takes a chunked form", async () => {
    const open = openRequest(berth, {
      method: "POST",
      path: "/token",
      headers: {
        authorization: "",
        host: BEARER_HOST,
        "content-type": "application/x-www-form-urlencoded",
        "transfer-encoding": "chunked",
      },
    });
    const body = new URLSearchParams({ ...password, scope }).toString();
    await open.send(Buffer.from(body.slice(0, 20)));
    await open.send(Buffer.from(body.slice(20)));
    expect(accessOf(granted(await open.end()))).toEqual(["repository:lib/app:pull,push"]);
  });

  test.each<[string, Record<string, string>, Record<string, string>, number, string]>([
    ["no form", {}, { "content-type": "application/json" }, 415, "takes forms"],
    ["no content type", {}, { "content-type": "" }, 415, "takes forms"],
    ["no grant", {}, {}, 400, "grant_type must be"],
    ["another grant", { grant_type: "authorization_code" }, {}, 400, "grant_type must be"],
    ["no username", { grant_type: "password", password: "x" }, {}, 400, "no username"],
    ["no password", { grant_type: "password", username: "x" }, {}, 400, "no password"],
    ["a colon in the username", { ...password, username: `${accessKeyId}:x` }, {}, 400, "no colon"],
    ["no refresh token", { grant_type: "refresh_token" }, {}, 400, "no refresh_token"],
    ["a body of more than 64 KiB", { ...password, more: "x".repeat(65_536) }, {}, 413, "more than 65536"],
  ])("refuses %s", async (_, form, headers, status, says) => {
    const answer = await postToken(berth, form, headers);
    expect(answer.status).toBe(status);
    expect(JSON.parse(answer.body.toString()).errors[0].message).toMatch(says);
  });

  test.each<[string, Record<string, string>]>([
    ["a wrong password", { ...password, password: "not-the-secret-of-it" }],
    ["an unknown user", { ...password, username: "AKIANOBODYKNOWSTHIS0" }],
    ["a refresh token that is none", { grant_type: "refresh_token", refresh_token: "abc" }],
  ])("answers %s with 401", async (_, form) => {
    const answer = await postToken(berth, form);
    expect(answer.status).toBe(401);
    expect(answer.headers["www-authenticate"]).toBe(LOGIN_CHALLENGE);
    expectError(answer, "UNAUTHORIZED", "the credentials are not valid");
  });
});

describe("GET", () => {
  test.each<[string, string, string]>([
    ["no credentials", "", "authentication required"],
    ["a wrong password", basic(accessKeyId, "not-the-secret-of-it"), "not valid"],
    ["a token of no kind", basic("AWS", "abc"), "not valid"],
  ])("answers %s with 401", async (_, authorization, says) => {
    const answer = await getToken(berth, authorization, ["repository:lib/app:pull"]);
    expect(answer.status).toBe(401);
    expect(answer.headers["www-authenticate"]).toBe(LOGIN_CHALLENGE);
    expectError(answer, "UNAUTHORIZED", says);
  });

  test("takes no Bearer token, since it would be no wider", async () => {
    const token = bearer(granted(await getToken(berth, berth.authorization)));
    expect((await getToken(berth, token)).status).toBe(401);
  });

  test("takes a password of the ECR API, and grants nothing beyond its end", async () => {
    const { authorizationData } = await callEcr(berth, "GetAuthorizationToken", {}, pusher);
    const [{ authorizationToken, expiresAt }] = authorizationData as [
      { authorizationToken: string; expiresAt: number },
    ];
    const more = { offline_token: "true" };
    const login = granted(
      await getToken(berth, `Basic ${authorizationToken}`, ["repository:lib/app:pull,push"], more),
    );
    expect(accessOf(login)).toEqual(["repository:lib/app:pull,push"]);
    const payload = Buffer.from(login.refresh_token?.split(".")[1] ?? "", "base64url").toString();
    expect(JSON.parse(payload).exp).toBeLessThanOrEqual(expiresAt);
  });

  test("takes the triple of a session, and grants nothing beyond its end", async () => {
    const asked = { Action: "GetSessionToken", DurationSeconds: "900" };
    const session = keysIn(await callQuery(berth, "sts", asked, pusher));
    const login = granted(await getToken(berth, basicOf(session), ["repository:lib/app:pull"]));
    expect(accessOf(login)).toEqual(["repository:lib/app:pull"]);
    expect(login.expires_in).toBeLessThanOrEqual(900);
    expect(login.expires_in).toBeGreaterThan(850);
    expect((await ask(berth, bearer(login), MANIFEST)).status).toBe(200);
  });
});

describe("other methods", () => {
  test.each(["HEAD", "PUT", "DELETE"])("%s is refused", async (method) => {
    const answer = await ask(berth, berth.authorization, "/token", method);
    expect(answer.status).toBe(405);
    expect(answer.headers.allow).toBe("GET, POST, OPTIONS");
  });
});

describe("a refresh token", () => {
  async function login(form: Record<string, string> = {}): Promise<string> {
    const offline = { access_type: "offline", ...form };
    const password = { grant_type: "password", username: accessKeyId, password: secretAccessKey };
    return granted(await postToken(berth, { ...password, ...offline })).refresh_token ?? "";
  }

  test.each([
    ["GET with offline_token", { offline_token: "true" }, true],
    ["GET without", {}, false],
    ["GET with offline_token=false", { offline_token: "false" }, false],
  ])("%s", async (_, more, given) => {
    const json = granted(await getToken(berth, berth.authorization, [], more as Record<string, string>));
    expect("refresh_token" in json).toBe(given);
  });

  test("gets tokens of any scope that its holder may have", async () => {
    const form = { grant_type: "refresh_token", refresh_token: await login(), client_id: "docker" };
    const token = granted(await postToken(berth, { ...form, scope: "repository:lib/app:push,pull" }));
    expect(accessOf(token)).toEqual(["repository:lib/app:pull,push"]);
    expect((await ask(berth, bearer(token), MANIFEST)).status).toBe(200);
  });

  test("opens nothing by itself", async () => {
    const token = await login();
    for (const authorization of [`Bearer ${token}`, basic("AWS", token), basic(accessKeyId, token)]) {
      expect((await ask(berth, authorization, "/v2/")).status).toBe(401);
      expect((await getToken(berth, authorization)).status).toBe(401);
    }
  });

  test("is no other token", async () => {
    const { token } = granted(await getToken(berth, berth.authorization));
    const answer = await postToken(berth, { grant_type: "refresh_token", refresh_token: token });
    expect(answer.status).toBe(401);
  });

  test("is for the registry that it was asked of", async () => {
    const form = { grant_type: "refresh_token", refresh_token: await login() };
    expect((await postToken(berth, form)).status).toBe(200);
    expect((await postToken(berth, form, { host: ELSEWHERE })).status).toBe(401);
  });
});

test("no secret and no token is in the log", async () => {
  const login = granted(await getToken(berth, berth.authorization, [], { offline_token: "true" }));
  await postToken(berth, { grant_type: "password", username: accessKeyId, password: "a-wrong-password" });
  await ask(berth, "Bearer a-wrong-bearer", "/v2/");
  const session = await openSession(berth, "lib/app");
  expect(session).not.toBe("");
  const text = JSON.stringify(berth.log);
  expect(text).toContain('"route":"token"');
  for (const secret of [
    ...[secretAccessKey, reader.secretAccessKey, login.token, login.refresh_token ?? "-"],
    ...["a-wrong-password", "a-wrong-bearer", berth.authorization.slice(6)],
  ]) {
    expect(text.includes(secret)).toBe(false);
  }
});
