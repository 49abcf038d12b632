import { describe, expect, it } from "vitest";
import { ACCOUNT, KEY_ID, SECRET } from "./aws-endpoint.ts";
import { NODES, NOT_FOUND, useHarness } from "./harness.ts";

const harness = useHarness();
const KEYS = { BERTH_ACCESS_KEY_ID: KEY_ID, BERTH_SECRET_ACCESS_KEY: SECRET };

describe.each(NODES)("the protocol on Node %s", (_version, node) => {
  it.each<[string, readonly string[], string, number, string | RegExp]>([
    ["no verb", [], "", 1, "Usage: docker-credential-berth <store|get|erase|list|version>\n"],
    ["too many verbs", ["get", "get"], "", 1, /^Usage: /],
    ["another verb", ["fetch"], "", 1, "docker-credential-berth: unknown action: fetch\n"],
    [
      "a name of every object",
      ["constructor"],
      "",
      1,
      "docker-credential-berth: unknown action: constructor\n",
    ],
    ["help", ["--help"], "", 0, /^Usage: /],
    ["version", ["version"], "", 0, /^docker-credential-berth \(berth\) \d+\.\d+\.\d+\n$/],
    ["--version", ["--version"], "", 0, /^docker-credential-berth /],
    ["get of nothing", ["get"], "", 1, "no credentials server URL\n"],
    ["get of a blank line", ["get"], " \n", 1, "no credentials server URL\n"],
    ["get of Docker Hub", ["get"], "https://index.docker.io/v1/", 1, NOT_FOUND],
    ["get of another host", ["get"], "registry.example.com", 1, NOT_FOUND],
    ["get of what is no host", ["get"], "https://", 1, NOT_FOUND],
    ["get of what is a host to nobody", ["get"], "a b$c", 1, NOT_FOUND],
    ["erase of nothing", ["erase"], "", 1, "no credentials server URL\n"],
    ["erase of another host", ["erase"], "registry.example.com\n", 0, ""],
    ["erase of what is no host", ["erase"], "a b", 0, ""],
    ["store", ["store"], `{"ServerURL":"x","Username":"AWS","Secret":"s"}\n`, 0, ""],
    [
      "store without a server",
      ["store"],
      `{"ServerURL":"","Username":"u","Secret":"s"}`,
      1,
      "no credentials server URL\n",
    ],
    [
      "store without a user",
      ["store"],
      `{"ServerURL":"x","Username":"","Secret":"s"}`,
      1,
      "no credentials username\n",
    ],
    ["store of no JSON", ["store"], `{"Secret":"hunter2"`, 1, "the credentials to store are not JSON\n"],
    ["store of null", ["store"], "null", 1, "no credentials server URL\n"],
    ["list of nothing", ["list"], "unused", 0, "{}\n"],
  ])("%s", async (_name, argv, stdin, code, out) => {
    const ran = await harness.helper(argv, stdin, KEYS, node);
    expect(ran).toMatchObject({ code, errors: "" });
    if (typeof out === "string") expect(ran.out).toBe(out);
    else expect(ran.out).toMatch(out);
    expect(harness.aws.calls).toEqual([]);
    expect(await harness.files()).toEqual([]);
  });

  it("gets, lists and erases a host of ours", async () => {
    await harness.configure();
    const { host } = harness.aws;
    const got = await harness.helper(["get"], host, KEYS, node);
    expect(got).toMatchObject({ code: 0, errors: "" });
    expect(JSON.parse(got.out)).toEqual({ ServerURL: host, Username: "AWS", Secret: `token-1-of-${KEY_ID}` });
    expect(got.out).not.toContain("\n{");
    expect(harness.aws.calls).toEqual([
      { operation: "GetAuthorizationToken", parameters: {}, accessKeyId: KEY_ID },
    ]);
    expect((await harness.helper(["list"], "unused", {}, node)).out).toBe(`{"${host}":"AWS"}\n`);
    for (const server of [host, `http://${host}`, `https://${host}/`]) {
      expect(await harness.helper(["erase"], server, {}, node)).toMatchObject({
        code: 0,
        out: "",
        errors: "",
      });
    }
    expect((await harness.helper(["list"], "unused", {}, node)).out).toBe("{}\n");
  });
});

describe("server names", () => {
  it.each([
    ["as it stands", (host: string) => host],
    ["with a newline", (host: string) => `${host}\n`],
    ["with https", (host: string) => `https://${host}`],
    ["with http and a slash", (host: string) => `http://${host}/`],
    ["with a path, as crane", (host: string) => `${host}/app/bb`],
    ["with scheme and path", (host: string) => `https://${host}/v2/`],
    ["in capitals", (host: string) => host.toUpperCase()],
  ])("%s", async (_name, spell) => {
    await harness.configure();
    const server = spell(harness.aws.host);
    const ran = await harness.get(server, KEYS);
    expect(JSON.parse(ran.out)).toMatchObject({ ServerURL: server.trim(), Username: "AWS" });
  });

  it("are compared without case in the configuration, too", async () => {
    const { host, url } = harness.aws;
    await harness.write(".berth/config.json", {
      hosts: { [`https://${host.toUpperCase()}/`]: { endpoint: url } },
    });
    expect((await harness.get(host, KEYS)).code).toBe(0);
  });

  it("mean the port as well", async () => {
    await harness.configure();
    expect(await harness.get("localhost", KEYS)).toMatchObject({ code: 1, out: NOT_FOUND });
  });

  it("of ECR's form are ours, and bring account and region", async () => {
    const env = { ...KEYS, AWS_ENDPOINT_URL_ECR: harness.aws.url };
    const server = "210987654321.dkr.ecr.eu-north-1.registry.example.com";
    expect((await harness.get(server, env)).code).toBe(0);
    expect(harness.aws.calls[0]?.parameters).toEqual({ registryIds: ["210987654321"] });
    expect((await harness.get(`${ACCOUNT}.dkr-ecr.mars-1.on.example`, env)).out).toMatch(/valid region/);
  });

  it("of ECR's form are their own endpoint when nobody says otherwise", async () => {
    const server = `${ACCOUNT}.dkr.ecr.us-east-1.berth.invalid:5443`;
    expect((await harness.get(server, KEYS)).out).toMatch(
      new RegExp(
        `^cannot reach https://${server}: \\w+ \\(${server}, credentials from BERTH_ACCESS_KEY_ID\\)\n$`,
      ),
    );
  });

  it("are ours when the environment's endpoint has them", async () => {
    const env = { ...KEYS, AWS_ENDPOINT_URL: `${harness.aws.url}/` };
    expect((await harness.get(harness.aws.host, env)).code).toBe(0);
    expect(await harness.get("localhost:1", env)).toMatchObject({ code: 1, out: NOT_FOUND });
  });

  it("of ECR's form are refused when they are not quite", async () => {
    for (const server of [
      "12345678901.dkr.ecr.us-east-1.example.com",
      "123456789012.dkr.ecr.us-east-1",
      "123456789012.dkr.ecr.us-east-1.example.com.",
      "x.123456789012.dkr.ecr.us-east-1.example.com",
      "123456789012.dkr.ecr.us-east-1.example.com@evil.example",
    ]) {
      expect(await harness.get(server, KEYS)).toMatchObject({ code: 1, out: NOT_FOUND });
    }
  });
});

describe("a configuration that makes no sense is said, and nothing of it quoted", () => {
  it.each<[string, unknown, RegExp]>([
    ["no JSON", `{"hunter2`, /config\.json is not JSON\n$/],
    ["no object", "[]", /config\.json holds no JSON object\n$/],
    ["hosts of another kind", { hosts: [] }, /config\.json: hosts must be an object\n$/],
    [
      "an entry of another kind",
      { hosts: { "a.example": "x" } },
      /the entry of a\.example must be an object\n$/,
    ],
    ["a host that is none", { hosts: { "a b": {} } }, /config\.json: "a b" is not a host\n$/],
    ["a region of another kind", { hosts: { a: { region: 1 } } }, /region of a must be a string\n$/],
    [
      "an endpoint that is none",
      { hosts: { a: { endpoint: "ftp://a" } } },
      /endpoint of a must be like https/,
    ],
    ["an endpoint with a path", { hosts: { a: { endpoint: "https://a/x" } } }, /endpoint of a must be like/],
  ])("%s", async (_name, content, out) => {
    await harness.write(".berth/config.json", content);
    const ran = await harness.get("a", KEYS);
    expect(ran).toMatchObject({ code: 1, errors: "" });
    expect(ran.out).toMatch(out);
    expect(ran.out).not.toContain("hunter2");
  });

  it("may be another file", async () => {
    const { host, url } = harness.aws;
    const BERTH_CONFIG = await harness.write("elsewhere.json", { hosts: { [host]: { endpoint: url } } });
    expect((await harness.get(host, { ...KEYS, BERTH_CONFIG })).code).toBe(0);
    expect(await harness.get(host, KEYS)).toMatchObject({ code: 1, out: NOT_FOUND });
  });
});
