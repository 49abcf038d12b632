import { describe, expect, it } from "vitest";
import { KEY_ID, REGION, ROLE_ARN, SECRET, USER_ARN } from "./aws-endpoint.ts";
import { NOT_FOUND, secretOf, useHarness } from "./harness.ts";

const harness = useHarness();
const AWS_KEYS = { AWS_ACCESS_KEY_ID: "AKIAENVIRONMENTOFAWS", AWS_SECRET_ACCESS_KEY: "aws secret" };
const BERTH_KEYS = { BERTH_ACCESS_KEY_ID: KEY_ID, BERTH_SECRET_ACCESS_KEY: SECRET };

async function webIdentity(token = "web.identity.token"): Promise<Record<string, string>> {
  return { AWS_WEB_IDENTITY_TOKEN_FILE: await harness.write("token", `${token}\n`), AWS_ROLE_ARN: ROLE_ARN };
}

/** A profile in the shared credentials file. */
function profile(name: string, id: string, secret: string, more = ""): Promise<string> {
  harness.aws.addKey(id, secret, USER_ARN, /token = (\S+)/.exec(more)?.[1]);
  return harness.write(
    ".aws/credentials",
    `[${name}]\naws_access_key_id = ${id}\naws_secret_access_key=${secret}\n${more}\n`,
  );
}

async function logIn(expiresAt = Date.now() + 60_000): Promise<void> {
  const { Readable } = await import("node:stream");
  const argv = ["login", harness.aws.host, "--access-key-id", KEY_ID];
  expect((await harness.command(argv, Readable.from([SECRET]))).code).toBe(0);
  const [file = ""] = (await harness.files(".berth")).filter((each) => each.includes("session-"));
  const name = file.slice(harness.home.length + 1);
  await harness.write(name, {
    ...(await harness.readJson(name)),
    expiresAt: new Date(expiresAt).toISOString(),
  });
  harness.aws.calls.length = 0;
}

describe("credentials come from", () => {
  it("BERTH_ACCESS_KEY_ID before everything", async () => {
    await harness.configure();
    await profile("default", "AKIAPROFILE000000001", "profile secret");
    await logIn();
    const ran = await harness.get(undefined, { ...BERTH_KEYS, ...AWS_KEYS, ...(await webIdentity()) });
    expect(secretOf(ran)).toBe(`token-2-of-${KEY_ID}`);
  });

  it("AWS_ACCESS_KEY_ID before a web identity", async () => {
    await harness.configure();
    harness.aws.addKey(AWS_KEYS.AWS_ACCESS_KEY_ID, AWS_KEYS.AWS_SECRET_ACCESS_KEY, USER_ARN);
    const ran = await harness.get(undefined, { ...AWS_KEYS, ...(await webIdentity()) });
    expect(secretOf(ran)).toBe(`token-1-of-${AWS_KEYS.AWS_ACCESS_KEY_ID}`);
  });

  it.each(["BERTH", "AWS"])("the environment with %s_SESSION_TOKEN", async (prefix) => {
    await harness.configure();
    harness.aws.addKey("ASIATEMPORARY", "temporary secret", USER_ARN, "the session token");
    const keys = {
      [`${prefix}_ACCESS_KEY_ID`]: "ASIATEMPORARY",
      [`${prefix}_SECRET_ACCESS_KEY`]: "temporary secret",
    };
    const ran = await harness.get(undefined, { ...keys, [`${prefix}_SESSION_TOKEN`]: "the session token" });
    expect(secretOf(ran)).toBe("token-1-of-ASIATEMPORARY");
    expect((await harness.get(undefined, { ...keys, [`${prefix}_SESSION_TOKEN`]: "" })).code).toBe(0);
  });

  it("a web identity before a session, from the same endpoint", async () => {
    await harness.configure();
    await logIn();
    const env = { ...(await webIdentity()), AWS_ROLE_SESSION_NAME: "job-7" };
    expect(secretOf(await harness.get(undefined, env))).toMatch(/-of-ASIASESSION2$/);
    expect(harness.aws.operations()).toEqual(["AssumeRoleWithWebIdentity", "GetAuthorizationToken"]);
    expect(harness.aws.calls[0]).toMatchObject({
      accessKeyId: undefined,
      parameters: { RoleArn: ROLE_ARN, RoleSessionName: "job-7", WebIdentityToken: "web.identity.token" },
    });
    expect((await harness.get(undefined, env)).code).toBe(0);
    expect(harness.aws.calls).toHaveLength(2);
  });

  it("another web identity where the token is another", async () => {
    await harness.configure();
    harness.aws.webIdentities.add("second.identity.token");
    await harness.get(undefined, await webIdentity());
    const ran = await harness.get(undefined, await webIdentity("second.identity.token"));
    expect(secretOf(ran)).toMatch(/-of-ASIASESSION3$/);
  });

  it("a `berth login` session before a profile", async () => {
    await harness.configure();
    await logIn();
    await profile("default", "AKIAPROFILE000000001", "profile secret");
    expect(secretOf(await harness.get())).toMatch(/-of-ASIASESSION1$/);
  });

  it("a profile where the session has ended", async () => {
    await harness.configure();
    await logIn(Date.now() - 1);
    await profile("default", "AKIAPROFILE000000001", "profile secret");
    expect(secretOf(await harness.get())).toMatch(/-of-AKIAPROFILE000000001$/);
  });

  it.each<[string, string, Record<string, string>, Record<string, string>]>([
    ["default", "default", {}, {}],
    ["AWS_PROFILE", "team", { AWS_PROFILE: "team" }, {}],
    ["AWS_DEFAULT_PROFILE", "team", { AWS_DEFAULT_PROFILE: "team" }, {}],
    ["the host's own", "team", { AWS_PROFILE: "other" }, { profile: "team" }],
  ])("the profile %s", async (_name, name, env, entry) => {
    await harness.configure(entry);
    await profile(name, "ASIAPROFILE000000001", "profile/secret=", "aws_session_token = tok=en+1");
    expect(secretOf(await harness.get(undefined, env))).toBe("token-1-of-ASIAPROFILE000000001");
  });

  it("a profile of the configuration file, with its region", async () => {
    const { host, url } = harness.aws;
    await harness.write(".berth/config.json", { hosts: { [host]: { endpoint: url } } });
    await harness.write(
      ".aws/config",
      `# a remark\n[profile team]\nregion=eu-north-1 \ns3 =\n  aws_access_key_id = nested\naws_access_key_id = ${KEY_ID}\r\naws_secret_access_key = ${SECRET}\n`,
    );
    expect((await harness.get(undefined, { AWS_PROFILE: "team" })).code).toBe(0);
    expect(JSON.stringify(await harness.files(".berth/cache"))).not.toContain(KEY_ID);
  });

  it("files that the environment names", async () => {
    await harness.configure();
    const file = await profile("default", "AKIAPROFILE000000001", "profile secret");
    const env = { HOME: "/nonexistent", AWS_SHARED_CREDENTIALS_FILE: file };
    const BERTH_CONFIG = harness.path(".berth/config.json");
    expect((await harness.get(undefined, { ...env, BERTH_CONFIG })).code).toBe(0);
  });
});

describe("without credentials", () => {
  it("a client may go on, and the user learns how to log in", async () => {
    await harness.configure();
    const { host } = harness.aws;
    expect(await harness.get()).toMatchObject({
      ...{ code: 1, out: NOT_FOUND },
      errors: `docker-credential-berth: no credentials for ${host}; run: berth login ${host}\n`,
    });
  });

  it.each<[string, Record<string, string>, RegExp]>([
    ["half of a key", { BERTH_ACCESS_KEY_ID: KEY_ID }, /^BERTH_SECRET_ACCESS_KEY is missing/],
    ["the other half", { BERTH_SECRET_ACCESS_KEY: SECRET }, /^BERTH_ACCESS_KEY_ID is missing/],
    ["half of AWS's", { AWS_ACCESS_KEY_ID: KEY_ID }, /^AWS_SECRET_ACCESS_KEY is missing/],
    ["a token without a role", { AWS_WEB_IDENTITY_TOKEN_FILE: "/x" }, /^AWS_ROLE_ARN is missing/],
    [
      "a token that is not there",
      { AWS_WEB_IDENTITY_TOKEN_FILE: "/x", AWS_ROLE_ARN: "r" },
      /^\/x holds no web/,
    ],
    ["a profile that is not there", { AWS_PROFILE: "nobody" }, /^there is no profile nobody\n/],
    ["a profile without keys", { AWS_PROFILE: "role" }, /^profile role has no static keys/],
    ["a profile with half of a key", { AWS_PROFILE: "half" }, /^profile half in \S+ has half of a key/],
    ["a file that is a folder", { AWS_SHARED_CREDENTIALS_FILE: "/tmp" }, /^cannot read \/tmp: EISDIR\n/],
  ])("%s is said", async (_name, env, out) => {
    await harness.configure();
    await harness.write(
      ".aws/config",
      "[profile role]\nrole_arn = x\n[profile half]\naws_access_key_id = x\n",
    );
    const ran = await harness.get(undefined, env);
    expect(ran).toMatchObject({ code: 1, errors: "" });
    expect(ran.out).toMatch(out);
  });

  it("a session that has ended is said", async () => {
    await harness.configure();
    await logIn(Date.now() - 1);
    const { host, url } = harness.aws;
    expect((await harness.get()).out).toBe(`the session at ${url} has ended; run: berth login ${host}\n`);
  });

  it("a session file that makes no sense is none", async () => {
    await harness.configure();
    await logIn();
    const [file = ""] = (await harness.files(".berth")).filter((each) => each.includes("session-"));
    await harness.write(file.slice(harness.home.length + 1), { accessKeyId: "x" });
    expect((await harness.get()).out).toBe(NOT_FOUND);
  });

  it("a web identity token goes to no host that nobody named", async () => {
    const server = `123456789012.dkr.ecr.${REGION}.evil.invalid`;
    const env = await webIdentity();
    expect((await harness.get(server, env)).out).toBe(
      `${server} gets no web identity token before it is named; run: berth configure --host ${server}\n`,
    );
    await harness.write(".docker/config.json", { credHelpers: { [server]: "berth" } });
    expect((await harness.get(server, env)).out).toMatch(/^cannot reach https:/);
  });
});

describe("refusals of the endpoint", () => {
  const refused = (name: string, env: Record<string, string>, prepare: () => void, out: RegExp) =>
    it(name, async () => {
      await harness.configure();
      prepare();
      const ran = await harness.get(undefined, env);
      expect(ran).toMatchObject({ code: 1, errors: "" });
      expect(ran.out).toMatch(out);
      expect(ran.out.split("\n")).toHaveLength(2);
      expect(await harness.files(".berth/cache")).toEqual([]);
    });

  refused(
    "an unknown key",
    AWS_KEYS,
    () => {},
    /^UnrecognizedClientException: The security token .* \(localhost:\d+, credentials from AWS_ACCESS_KEY_ID\)\n$/,
  );
  refused(
    "a wrong secret, which is not repeated",
    { ...BERTH_KEYS, BERTH_SECRET_ACCESS_KEY: "hunter2hunter2" },
    () => {},
    /^InvalidSignatureException: (?!.*hunter2)/,
  );
  refused(
    "a wrong region",
    BERTH_KEYS,
    () => {
      harness.aws.failure = {
        status: 400,
        body: `{"__type":"InvalidSignatureException","message":"a\\nb\\u001b[31m"}`,
      };
    },
    /^InvalidSignatureException: a b \[31m \(/,
  );
  refused(
    "a secret that comes back",
    BERTH_KEYS,
    () => {
      harness.aws.failure = {
        status: 400,
        body: JSON.stringify({ __type: "X", message: `you sent ${SECRET}` }),
      };
    },
    /^X: you sent <hidden> \(/,
  );
  refused(
    "a proxy's page",
    BERTH_KEYS,
    () => {
      harness.aws.failure = { status: 502, body: "<html>Bad gateway</html>", type: "text/html" };
    },
    /^HTTP 502: the answer is not one of this service \(/,
  );
  refused(
    "a redirect",
    BERTH_KEYS,
    () => {
      harness.aws.failure = { status: 307, body: "{" };
    },
    /^HTTP 307: /,
  );
  refused(
    "an answer that is too long",
    BERTH_KEYS,
    () => {
      harness.aws.failure = { status: 200, body: "x".repeat(2 << 20) };
    },
    /^cannot reach http:\S+ the answer is too long/,
  );
  for (const [name, authorization] of Object.entries({
    "an answer without a token": { authorizationToken: undefined },
    "a token without a password": { authorizationToken: Buffer.from("AWS:").toString("base64") },
    "a token without a user": { authorizationToken: Buffer.from(":x").toString("base64") },
    "a token without an end": { expiresAt: "soon" },
  })) {
    refused(
      name,
      BERTH_KEYS,
      () => {
        harness.aws.authorization = authorization;
      },
      /^http:\S+ answered without an authorization token \(/,
    );
  }

  it("of a web identity token, which is not repeated", async () => {
    await harness.configure();
    const ran = await harness.get(undefined, await webIdentity("untrusted.token"));
    expect(ran.out).toMatch(/^InvalidIdentityToken: The token <hidden> is not <trusted> \(/);
  });
});
