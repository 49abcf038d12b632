import { chmod, lstat, readFile, stat, symlink, writeFile } from "node:fs/promises";
import { beforeEach, describe, expect, it } from "vitest";
import { useHarness } from "./harness.ts";

const harness = useHarness();
const run = (...argv: string[]) => harness.command(["configure", ...argv]);
const hosts = async () => (await harness.readJson(".berth/config.json"))["hosts"];

describe("berth configure", () => {
  it.each<[string, string[], string, Record<string, unknown>]>([
    [
      "a host",
      ["--host", "reg.example.com"],
      "reg.example.com",
      { endpoint: "https://reg.example.com", region: "us-east-1" },
    ],
    [
      "a host of this machine",
      ["--host", "localhost:5050"],
      "localhost:5050",
      { endpoint: "http://localhost:5050", region: "us-east-1" },
    ],
    [
      "an endpoint alone",
      ["--endpoint", "https://api.example.com:8443/"],
      "api.example.com:8443",
      { endpoint: "https://api.example.com:8443", region: "us-east-1" },
    ],
    [
      "a host of ECR's form",
      ["--host", "HTTPS://123456789012.DKR.ECR.eu-west-3.example.com/"],
      "123456789012.dkr.ecr.eu-west-3.example.com",
      { endpoint: "https://123456789012.dkr.ecr.eu-west-3.example.com", region: "eu-west-3" },
    ],
    [
      "a host under AWS's name",
      ["--host", "123456789012.dkr.ecr-fips.eu-west-3.amazonaws.com"],
      "123456789012.dkr.ecr-fips.eu-west-3.amazonaws.com",
      { endpoint: "https://ecr-fips.eu-west-3.amazonaws.com", region: "eu-west-3" },
    ],
    [
      "everything",
      ["--host", "a.example", "--endpoint", "http://127.0.0.1:1", "--region", "mars-1", "--profile", "p"],
      "a.example",
      { endpoint: "http://127.0.0.1:1", region: "mars-1", profile: "p" },
    ],
  ])("knows %s", async (_name, argv, host, entry) => {
    const ran = await run(...argv);
    const { endpoint, region } = entry;
    expect(ran).toEqual({ code: 0, out: `${host}: ${endpoint}, region ${region}\n`, errors: "" });
    expect(await hosts()).toEqual({ [host]: entry });
    expect((await stat(harness.path(".berth"))).mode & 0o777).toBe(0o700);
    expect((await stat(harness.path(".berth/config.json"))).mode & 0o777).toBe(0o600);
  });

  it("takes the region of the environment, then of the profile", async () => {
    await harness.write(".aws/config", "[default]\nregion = eu-south-2\n");
    await run("--host", "a.example");
    harness.env["AWS_REGION"] = "ap-east-1";
    await run("--host", "b.example");
    expect(await hosts()).toMatchObject({
      "a.example": { region: "eu-south-2" },
      "b.example": { region: "ap-east-1" },
    });
  });

  it("changes what is asked and leaves the rest", async () => {
    await harness.write(".berth/config.json", {
      future: [1],
      hosts: { "A.example": { endpoint: "https://x.example", region: "r-1", note: 7 }, "b.example": {} },
    });
    await run("--host", "a.example", "--profile", "team");
    expect(await harness.readJson(".berth/config.json")).toEqual({
      future: [1],
      hosts: {
        "A.example": { endpoint: "https://x.example", region: "r-1", profile: "team", note: 7 },
        "b.example": {},
      },
    });
  });

  it("shows what is known", async () => {
    expect((await run()).errors).toMatch(/config\.json names no host yet/);
    await run("--host", "a.example", "--profile", "team");
    expect((await run()).out).toBe("a.example: https://a.example, region us-east-1, profile team\n");
    expect(JSON.parse((await run("--json")).out)).toEqual({
      ...{ host: "a.example", endpoint: "https://a.example", region: "us-east-1", profile: "team" },
    });
  });

  it("warns of an endpoint that is not encrypted", async () => {
    expect((await run("--endpoint", "http://reg.example.com")).errors).toMatch(
      /warning: http:\S+ is not encrypted/,
    );
  });

  it.each([
    [["a.example"]],
    [["--nonsense"]],
    [["--host", "a b"]],
    [["--region", "us-east-1"]],
    [["--profile", "p"]],
    [["--docker"]],
    [["--host", "a.example", "--region", "US EAST"]],
  ])("ends with 2 and the usage for %j", async (argv) => {
    const ran = await run(...argv);
    expect(ran).toMatchObject({ code: 2, out: "" });
    expect(ran.errors).toMatch(/^berth: .*\nSee: berth configure --help\n$/s);
    expect(await harness.files()).toEqual([]);
  });

  it.each(["ftp://a.example", "https://a.example/path", "https://a.example?x", "a.example"])(
    "refuses the endpoint %s",
    async (endpoint) => {
      expect(await run("--host", "a.example", "--endpoint", endpoint)).toEqual({
        code: 1,
        out: "",
        errors: "berth: --endpoint must be like https://registry.example.com\n",
      });
    },
  );

  it("explains itself", async () => {
    expect((await run("--help")).out).toMatch(/^Usage: berth configure/);
  });

  it("refuses a configuration that makes no sense", async () => {
    await harness.write(".berth/config.json", "{");
    expect((await run("--host", "a.example")).errors).toMatch(/config\.json is not JSON/);
    expect(await readFile(harness.path(".berth/config.json"), "utf8")).toBe("{");
  });
});

describe("berth configure --docker", () => {
  const docker = (): Promise<string> => readFile(harness.path(".docker/config.json"), "utf8");

  beforeEach(async () => {
    await chmod(await harness.write("bin/docker-credential-berth", "#!/bin/sh\n"), 0o755);
    harness.env["PATH"] = harness.path("bin");
  });

  it("changes nothing where docker would not find the helper, and says where it is", async () => {
    harness.env["PATH"] = "/usr/bin:/bin";
    for (const argv of [["--host", "a.example", "--docker"], ["--docker"]]) {
      await harness.write(".berth/config.json", { hosts: { "b.example": {} } });
      const ran = await run(...argv);
      expect(ran).toMatchObject({ code: 1, out: "" });
      expect(ran.errors).toMatch(/^berth: docker-credential-berth is not on PATH.*cli\/helper/);
      expect(await harness.files()).not.toContain(harness.path(".docker/config.json"));
      expect(await hosts()).toEqual({ "b.example": {} });
    }
  });

  it("writes docker's file where there is none", async () => {
    const ran = await run("--host", "a.example", "--docker");
    expect(ran.code).toBe(0);
    expect(ran.out).toMatch(/docker logs in to a\.example by docker-credential-berth \(\S+config\.json\)\n$/);
    expect(ran.errors).toBe("berth: nobody is logged in to a.example yet; run: berth login a.example\n");
    expect(await docker()).toBe(`{\n\t"credHelpers": {\n\t\t"a.example": "berth"\n\t}\n}\n`);
    expect((await stat(harness.path(".docker/config.json"))).mode & 0o777).toBe(0o600);
  });

  it("is quiet where there are credentials", async () => {
    Object.assign(harness.env, { BERTH_ACCESS_KEY_ID: "AKIA", BERTH_SECRET_ACCESS_KEY: "secret" });
    expect((await run("--host", "a.example", "--docker")).errors).toBe("");
  });

  it("loses nothing of what was there", async () => {
    const before = {
      auths: { "x.example": { auth: "c2VjcmV0" }, "https://index.docker.io/v1/": {} },
      credsStore: "pass",
      credHelpers: { "y.example": "ecr-login" },
      HttpHeaders: { a: "b" },
      plugins: { "-x-cli-hints": { enabled: "true" } },
      unknown: [null, 1.5, "é"],
    };
    await harness.write(".docker/config.json", JSON.stringify(before, null, 4));
    await run("--host", "a.example", "--docker");
    const after = { ...before, credHelpers: { "y.example": "ecr-login", "a.example": "berth" } };
    expect(await docker()).toBe(`${JSON.stringify(after, null, 4)}\n`);
  });

  it("follows a link, keeps the mode, and says whose host it was", async () => {
    await harness.write("dotfiles/docker.json", { credHelpers: { "a.example": "other" } });
    await chmod(harness.path("dotfiles/docker.json"), 0o640);
    await harness.write(".docker/x", "");
    await symlink(harness.path("dotfiles/docker.json"), harness.path(".docker/config.json"));
    expect((await run("--host", "a.example", "--docker")).errors).toMatch(/a\.example was other's before/);
    expect((await lstat(harness.path(".docker/config.json"))).isSymbolicLink()).toBe(true);
    expect(await harness.readJson("dotfiles/docker.json")).toEqual({ credHelpers: { "a.example": "berth" } });
    expect((await stat(harness.path("dotfiles/docker.json"))).mode & 0o777).toBe(0o640);
  });

  it("does not write what stands there already", async () => {
    const text = `{"credHelpers":{"a.example":"berth"}}`;
    await harness.write(".docker/config.json", text);
    await run("--host", "a.example", "--docker");
    expect(await docker()).toBe(text);
  });

  it("alone is for all hosts, in the folder that DOCKER_CONFIG names", async () => {
    await run("--host", "a.example");
    await run("--host", "b.example:5050");
    harness.env["DOCKER_CONFIG"] = harness.path("elsewhere");
    await run("--docker");
    expect(await harness.readJson("elsewhere/config.json")).toEqual({
      credHelpers: { "a.example": "berth", "b.example:5050": "berth" },
    });
  });

  it.each([
    ["no JSON", `{"auths": {"x": {"auth": "hunter2"`],
    ["a key twice", `{"auths":{"hunter2":1,"hunter2":2}}`],
    ["no object", `["hunter2"]`],
    ["helpers of another kind", `{"credHelpers":"hunter2"}`],
  ])("refuses %s and leaves it as it is", async (_name, text) => {
    await harness.write(".docker/config.json", "");
    await writeFile(harness.path(".docker/config.json"), text);
    const ran = await run("--host", "a.example", "--docker");
    expect(ran.code).toBe(1);
    expect(ran.errors).toMatch(/docker\/config\.json/);
    expect(ran.errors).not.toContain("hunter2");
    expect(await docker()).toBe(text);
    expect((await harness.files(".docker")).length).toBe(1);
  });
});
