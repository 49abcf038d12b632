import { stat } from "node:fs/promises";
import { PassThrough, Readable } from "node:stream";
import { describe, expect, it } from "vitest";
import { ACCOUNT, KEY_ID, ROLE_ARN, SECRET, USER_ARN } from "./aws-endpoint.ts";
import { secretOf, useHarness } from "./harness.ts";

const harness = useHarness();
const piped = (text: string): Readable => Readable.from(text === "" ? [] : [text], { objectMode: false });
const login = (argv: readonly string[], stdin = piped(`${SECRET}\n`)) =>
  harness.command(["login", ...argv], stdin);
const whoami = (...argv: string[]) => harness.command(["whoami", ...argv]);
const sessions = async () => (await harness.files(".berth")).filter((file) => file.includes("/session-"));

/** A terminal at which somebody types. */
function terminal(...keys: readonly string[]): PassThrough & { isTTY: boolean } {
  const stdin = Object.assign(new PassThrough(), { isTTY: true });
  const type = (): void => {
    const [key] = (keys as string[]).splice(0, 1);
    if (key === undefined) return;
    stdin.write(key);
    setTimeout(type, 20);
  };
  setTimeout(type, 20);
  return stdin;
}

describe("berth login", () => {
  it("exchanges an access key for a session, and is then one's own helper", async () => {
    const { host, url } = harness.aws;
    const ran = await login([host, "--access-key-id", KEY_ID]);
    expect(ran).toMatchObject({ code: 0, errors: "" });
    expect(ran.out).toMatch(new RegExp(`^logged in to ${host} as ${USER_ARN} until \\d{4}-\\S+Z\n$`));
    expect(harness.aws.calls).toMatchObject([
      { operation: "GetSessionToken", parameters: { DurationSeconds: "43200" }, accessKeyId: KEY_ID },
      { operation: "GetCallerIdentity", accessKeyId: "ASIASESSION1" },
    ]);
    const [file = "", ...others] = await sessions();
    expect(others).toEqual([]);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    const session = await harness.readJson(file.slice(harness.home.length + 1));
    expect(session).toMatchObject({ endpoint: url, accessKeyId: "ASIASESSION1" });
    expect(JSON.stringify(session)).not.toContain(SECRET);
    expect(await harness.readJson(".berth/config.json")).toEqual({
      hosts: { [host]: { endpoint: url, region: "us-east-1" } },
    });
    expect(secretOf(await harness.get())).toBe("token-2-of-ASIASESSION1");
  });

  it("asks on a terminal, and does not show the secret", async () => {
    const stdin = terminal(`${KEY_ID}\r`, SECRET.slice(0, 9), "x\u007f", `${SECRET.slice(9)}\r`);
    const ran = await harness.command(["login", harness.aws.host], stdin);
    expect(ran.code).toBe(0);
    expect(ran.errors).toContain("Access key id: ");
    expect(ran.errors).toContain("Secret access key: \n");
    expect(ran.errors + ran.out).not.toContain(SECRET.slice(0, 9));
    expect(ran.errors + ran.out).not.toContain(SECRET.slice(9));
  });

  it.each([
    ["Ctrl-C", ["\u0003"], "berth: interrupted\n"],
    ["Ctrl-D", ["\u0004"], "berth: interrupted\n"],
    ["an empty id", ["\r"], "berth: no access key id was given\n"],
    ["an empty secret", [`${KEY_ID}\r`, "\r"], "berth: no secret access key was given\n"],
    ["Ctrl-C at the secret", [`${KEY_ID}\r`, "abc\u0003"], "berth: interrupted\n"],
  ])("ends at %s", async (_name, keys, message) => {
    const ran = await harness.command(["login", harness.aws.host], terminal(...keys));
    expect(ran).toMatchObject({ code: 1, out: "" });
    expect(ran.errors.endsWith(message)).toBe(true);
    expect(harness.aws.calls).toEqual([]);
  });

  it("takes a web identity token", async () => {
    const file = await harness.write("token", "web.identity.token\n");
    const argv = ["--web-identity-token-file", file, "--role-arn", ROLE_ARN, "--role-session-name", "job"];
    const ran = await login([harness.aws.host, ...argv], piped(""));
    expect(ran.out).toMatch(`as arn:aws:sts::${ACCOUNT}:assumed-role/ci/job until`);
    expect(harness.aws.operations()).toEqual(["AssumeRoleWithWebIdentity", "GetCallerIdentity"]);
    expect(secretOf(await harness.get())).toMatch(/ASIASESSION1$/);
  });

  it("needs no host where one is configured", async () => {
    await harness.configure({ region: "eu-north-1" });
    expect((await login(["--access-key-id", KEY_ID])).code).toBe(0);
    expect(await harness.readJson(".berth/config.json")).toMatchObject({
      hosts: { [harness.aws.host]: { region: "eu-north-1" } },
    });
  });

  it("knows the API under another name than the host", async () => {
    const argv = ["reg.example.com", "--endpoint", harness.aws.url, "--access-key-id", KEY_ID];
    expect((await login(argv)).out).toMatch(/^logged in to reg\.example\.com as /);
    expect((await harness.get("reg.example.com")).code).toBe(0);
  });

  it("serves the hosts of all accounts of one place", async () => {
    const { sessionFile } = (await import(
      new URL("../../../src/cli/helper/sessions.js", import.meta.url).href
    )) as { sessionFile(endpoint: string, env: object): string };
    const fileOf = (account: string, place: string): string =>
      sessionFile(`https://${account}.dkr.ecr.${place}`, harness.env);
    expect(fileOf("111111111111", "eu-1.a.example")).toBe(fileOf("222222222222", "eu-1.a.example"));
    expect(fileOf("111111111111", "eu-1.a.example")).not.toBe(fileOf("111111111111", "eu-2.a.example"));
  });

  it.each<[string, string[]]>([
    ["no host", ["--access-key-id", KEY_ID]],
    ["two hosts", ["a", "b"]],
    ["no host at all", ["a b"]],
    ["nobody to ask", ["localhost:1"]],
    ["half of a web identity", ["localhost:1", "--role-arn", ROLE_ARN]],
    ["the other half", ["localhost:1", "--web-identity-token-file", "x"]],
    [
      "both ways",
      ["localhost:1", "--web-identity-token-file", "x", "--role-arn", "y", "--access-key-id", "z"],
    ],
    ["a secret among the arguments", ["localhost:1", "--secret-access-key", "x"]],
  ])("ends with 2 and the usage for %s", async (_name, argv) => {
    const ran = await login(argv);
    expect(ran).toMatchObject({ code: 2, out: "" });
    expect(ran.errors).toMatch(/^berth: .*\nSee: berth login --help\n$/s);
  });

  it("asks which of several hosts", async () => {
    await harness.write(".berth/config.json", { hosts: { "a.example": {}, "b.example": {} } });
    expect((await login([])).errors).toMatch(/^berth: name a HOST: a\.example, b\.example\n/);
  });

  it.each<[string, string, RegExp]>([
    ["no secret", "\n", /^berth: no secret access key was given\n$/],
    ["a wrong secret", "hunter2hunter2\n", /^berth: InvalidSignatureException: (?!.*hunter2)/],
    ["a secret without end", "x".repeat(100_000), /^berth: the secret on stdin is too long\n$/],
  ])("keeps nothing of %s", async (_name, secret, errors) => {
    const ran = await login([harness.aws.host, "--access-key-id", KEY_ID], piped(secret));
    expect(ran).toMatchObject({ code: 1, out: "" });
    expect(ran.errors).toMatch(errors);
    expect(await harness.files()).toEqual([]);
  });

  it("makes no home where there is none", async () => {
    harness.env["HOME"] = harness.path("none");
    expect((await login([harness.aws.host, "--access-key-id", KEY_ID])).errors).toMatch(
      /^berth: cannot write \S+session-\w+\.json: ENOENT\n$/,
    );
    expect(await harness.files()).toEqual([]);
  });

  it("says when nobody answers", async () => {
    const { host } = harness.aws;
    await harness.aws.close();
    expect((await login([host, "--access-key-id", KEY_ID])).errors).toBe(
      `berth: cannot reach http://${host}: ECONNREFUSED\n`,
    );
  });

  it("says when the answer is not whole", async () => {
    harness.aws.failure = { status: 200, body: "<R><AccessKeyId>x</AccessKeyId></R>" };
    expect((await login([harness.aws.host, "--access-key-id", KEY_ID])).errors).toMatch(
      /answered without Expiration/,
    );
  });

  it("explains itself", async () => {
    expect((await login(["-h"])).out).toMatch(/^Usage: berth login/);
  });
});

describe("berth whoami", () => {
  it("shows a session", async () => {
    await login([harness.aws.host, "--access-key-id", KEY_ID]);
    const ran = await whoami();
    expect(ran).toMatchObject({ code: 0, errors: "" });
    expect(ran.out.replace(/\d{4}-\d\d-\S+Z/, "TIME")).toBe(
      `principal    ${USER_ARN}\naccount      ${ACCOUNT}\nendpoint     ${harness.aws.url}\ncredentials  berth login\nexpires      TIME\n`,
    );
  });

  it.each<[string, Record<string, string>, string]>([
    ["an access key", { BERTH_ACCESS_KEY_ID: KEY_ID, BERTH_SECRET_ACCESS_KEY: SECRET }, "never"],
    [
      "temporary keys",
      { AWS_ACCESS_KEY_ID: "ASIAX", AWS_SECRET_ACCESS_KEY: "s", AWS_SESSION_TOKEN: "t" },
      "unknown",
    ],
  ])("shows %s", async (_name, env, expires) => {
    await harness.configure();
    harness.aws.addKey("ASIAX", "s", USER_ARN, "t");
    Object.assign(harness.env, env);
    expect((await whoami(harness.aws.host)).out).toMatch(new RegExp(`\nexpires {6}${expires}\n$`));
  });

  it("shows a web identity", async () => {
    await harness.configure();
    harness.env["AWS_WEB_IDENTITY_TOKEN_FILE"] = await harness.write("token", "web.identity.token");
    harness.env["AWS_ROLE_ARN"] = ROLE_ARN;
    expect((await whoami()).out).toMatch(/^principal +arn:aws:sts::\d+:assumed-role\/ci\/berth-\d+\n/);
  });

  it("says who is not known", async () => {
    expect((await whoami("reg.example.com")).errors).toBe(
      "berth: reg.example.com is not known; run: berth login reg.example.com\n",
    );
    await harness.configure();
    expect(await whoami()).toMatchObject({
      code: 1,
      errors: `berth: nobody is logged in; run: berth login ${harness.aws.host}\n`,
    });
    expect((await whoami("--nonsense")).code).toBe(2);
    expect((await whoami("--help")).out).toMatch(/^Usage: berth whoami/);
  });

  it("says what the endpoint refuses", async () => {
    await harness.configure();
    Object.assign(harness.env, { BERTH_ACCESS_KEY_ID: "AKIANOBODY", BERTH_SECRET_ACCESS_KEY: "x" });
    expect(await whoami()).toMatchObject({
      code: 1,
      errors: expect.stringMatching(/^berth: UnrecognizedClient/),
    });
  });
});
