import { stat } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { KEY_ID, SECRET, USER_ARN } from "./aws-endpoint.ts";
import { secretOf, useHarness } from "./harness.ts";

const harness = useHarness();
const KEYS = { BERTH_ACCESS_KEY_ID: KEY_ID, BERTH_SECRET_ACCESS_KEY: SECRET };
const HOUR = 3_600_000;

/** The only cache file, relative to the home. */
async function cacheFile(): Promise<string> {
  const files = await harness.files(".berth/cache");
  expect(files).toHaveLength(1);
  return (files[0] ?? "").slice(harness.home.length + 1);
}

/** Makes the cached token older. */
async function age(by: number): Promise<void> {
  const file = await cacheFile();
  const entry = await harness.readJson(file);
  const [issuedAt, expiresAt] = [Number(entry["issuedAt"]) - by, Number(entry["expiresAt"]) - by];
  await harness.write(file, { ...entry, issuedAt, expiresAt });
}

async function cached(): Promise<void> {
  await harness.configure();
  expect(secretOf(await harness.get(undefined, KEYS))).toBe(`token-1-of-${KEY_ID}`);
}

describe("a cached token", () => {
  it("is readable by its owner alone, and named by nothing that tells", async () => {
    await cached();
    const file = harness.path(await cacheFile());
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect((await stat(harness.path(".berth/cache"))).mode & 0o777).toBe(0o700);
    expect(file).toMatch(/cache\/[0-9a-f]{64}\.json$/);
    expect(JSON.stringify(await harness.readJson(await cacheFile()))).not.toContain(SECRET);
  });

  it.each([
    ["is used", 0, 1],
    ["is used shortly before half of its life", 5.9 * HOUR, 1],
    ["is renewed shortly after half of its life", 6.1 * HOUR, 2],
    ["is renewed at its end", 12 * HOUR, 2],
    ["from a time to come is renewed", -HOUR, 2],
  ])("%s", async (_name, by, calls) => {
    await cached();
    await age(by);
    expect(secretOf(await harness.get(undefined, KEYS))).toBe(`token-${calls}-of-${KEY_ID}`);
    expect(harness.aws.calls).toHaveLength(calls);
    expect(secretOf(await harness.get(undefined, KEYS))).toBe(`token-${calls}-of-${KEY_ID}`);
    expect(harness.aws.calls).toHaveLength(calls);
  });

  it("goes on while no new one is to be had: the endpoint is down", async () => {
    await cached();
    await age(7 * HOUR);
    await harness.aws.close();
    expect(secretOf(await harness.get(undefined, KEYS))).toBe(`token-1-of-${KEY_ID}`);
    await age(5 * HOUR);
    expect((await harness.get(undefined, KEYS)).out).toMatch(/^cannot reach http:\S+ ECONNREFUSED \(/);
  });

  it("goes on while no new one is to be had: the endpoint fails", async () => {
    await cached();
    await age(7 * HOUR);
    harness.aws.failure = { status: 500, body: `{"__type":"ServerException","message":"x"}` };
    expect(secretOf(await harness.get(undefined, KEYS))).toBe(`token-1-of-${KEY_ID}`);
    await age(5 * HOUR);
    expect((await harness.get(undefined, KEYS)).out).toMatch(/^ServerException: x \(/);
  });

  it("goes on while no new one is to be had: the endpoint is silent", async () => {
    await cached();
    await age(7 * HOUR);
    harness.aws.isSilent = true;
    expect(secretOf(await harness.get(undefined, KEYS))).toBe(`token-1-of-${KEY_ID}`);
  });

  it("is another one for another key, host, region or endpoint", async () => {
    await cached();
    harness.aws.addKey("AKIASECOND0000000002", "second secret", USER_ARN);
    const second = { BERTH_ACCESS_KEY_ID: "AKIASECOND0000000002", BERTH_SECRET_ACCESS_KEY: "second secret" };
    expect(secretOf(await harness.get(undefined, second))).toBe("token-2-of-AKIASECOND0000000002");
    await harness.configure({ region: "eu-north-1" });
    expect(secretOf(await harness.get(undefined, KEYS))).toBe(`token-3-of-${KEY_ID}`);
    const { port } = new URL(harness.aws.url);
    await harness.configure({ endpoint: `http://127.0.0.1:${port}` });
    expect(secretOf(await harness.get(undefined, KEYS))).toBe(`token-4-of-${KEY_ID}`);
    await harness.configure();
    expect(secretOf(await harness.get(undefined, KEYS))).toBe(`token-1-of-${KEY_ID}`);
  });

  it("that makes no sense is none", async () => {
    await cached();
    const file = await cacheFile();
    for (const [round, content] of ["{", "[]", "{}", `{"username":"AWS"}`, ""].entries()) {
      await harness.write(file, content);
      expect(secretOf(await harness.get(undefined, KEYS))).toBe(`token-${round + 2}-of-${KEY_ID}`);
    }
  });

  it("that has ended is neither listed nor kept", async () => {
    await cached();
    await age(13 * HOUR);
    expect((await harness.helper(["list"])).out).toBe("{}\n");
    harness.aws.addKey("AKIASECOND0000000002", "second secret", USER_ARN);
    const second = { BERTH_ACCESS_KEY_ID: "AKIASECOND0000000002", BERTH_SECRET_ACCESS_KEY: "second secret" };
    await harness.get(undefined, second);
    expect((await harness.readJson(await cacheFile()))["password"]).toMatch(/SECOND/);
  });

  it("is erased for every key of that host, and of no other", async () => {
    await cached();
    const other = "210987654321.dkr.ecr.us-east-1.example.com";
    await harness.get(other, { ...KEYS, AWS_ENDPOINT_URL_ECR: harness.aws.url });
    const { host } = harness.aws;
    expect(JSON.parse((await harness.helper(["list"])).out)).toEqual({ [host]: "AWS", [other]: "AWS" });
    await harness.helper(["erase"], host);
    expect(JSON.parse((await harness.helper(["list"])).out)).toEqual({ [other]: "AWS" });
  });

  it.each(["/proc/nowhere", "/nonexistent", "/dev/null"])(
    "is no condition: with the home %s",
    async (HOME) => {
      await harness.configure();
      const BERTH_CONFIG = harness.path(".berth/config.json");
      expect((await harness.get(undefined, { ...KEYS, BERTH_CONFIG, HOME })).code).toBe(0);
      await expect(stat("/nonexistent")).rejects.toThrow(/ENOENT/);
    },
  );

  it("survives many that write it at once", async () => {
    await harness.configure();
    const rans = await Promise.all(Array.from({ length: 12 }, () => harness.get(undefined, KEYS)));
    for (const ran of rans) expect(secretOf(ran)).toMatch(/^token-\d+-of-/);
    const file = await cacheFile();
    const kept = await harness.readJson(file);
    expect(rans.map(secretOf)).toContain(kept["password"]);
    const before = harness.aws.calls.length;
    expect(secretOf(await harness.get(undefined, KEYS))).toBe(kept["password"]);
    expect(harness.aws.calls).toHaveLength(before);
  }, 30_000);
});
