import { mkdir, writeFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { findCredentials } from "../../../src/cli/images/credentials.ts";
import { useHarness } from "./harness.ts";

const harness = useHarness();
const ADMIN = { accessKeyId: "ADMIN", secretAccessKey: "admin-secret" };

async function writeDocker(auths: object): Promise<void> {
  await mkdir(harness.path(".docker"), { recursive: true });
  await writeFile(harness.path(".docker/config.json"), JSON.stringify({ auths }));
}

describe("credentials", () => {
  it("come from the environment first", async () => {
    await writeFile(harness.path("administrator.json"), JSON.stringify(ADMIN));
    const env = { ...harness.env, BERTH_ACCESS_KEY_ID: "KEY", BERTH_SECRET_ACCESS_KEY: "s" };
    expect(await findCredentials("localhost:1", env)).toEqual({ username: "KEY", password: "s" });
  });

  it("need both halves", async () => {
    const env = { ...harness.env, BERTH_ACCESS_KEY_ID: "KEY" };
    await expect(findCredentials("localhost:1", env)).rejects.toThrow(/BERTH_SECRET_ACCESS_KEY is missing/);
  });

  it("are the administrator's on this machine only", async () => {
    await writeFile(harness.path("administrator.json"), JSON.stringify(ADMIN));
    const found = await findCredentials("127.0.0.1:5050", harness.env);
    expect(found).toEqual({ username: "ADMIN", password: "admin-secret" });
    expect(await findCredentials("r.example", harness.env)).toBeUndefined();
  });

  it("are docker's for the host, however it was logged in to", async () => {
    const auth = Buffer.from("user:pass:word").toString("base64");
    await writeDocker({ "r.example": { auth }, "https://old.example/v1/": { auth }, "other.example": {} });
    const expected = { username: "user", password: "pass:word" };
    expect(await findCredentials("r.example", harness.env)).toEqual(expected);
    expect(await findCredentials("old.example", harness.env)).toEqual(expected);
    expect(await findCredentials("other.example", harness.env)).toBeUndefined();
    expect(await findCredentials("example", harness.env)).toBeUndefined();
  });

  it("are not quoted when a file is damaged", async () => {
    await writeFile(harness.path("administrator.json"), '{"secretAccessKey": hush-hush}');
    const failure = await findCredentials("localhost", harness.env).catch((error: Error) => error.message);
    expect(failure).toMatch(/administrator\.json is not JSON/);
    expect(failure).not.toContain("hush");
  });
});
