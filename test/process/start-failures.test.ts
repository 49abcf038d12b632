import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { stat } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { describe, expect, test } from "vitest";
import { databaseFailure } from "../../src/composition/failures.ts";
import { unavailable } from "../../src/registry/errors.ts";
import { urlOf } from "../nodes/two-nodes.ts";
import { makeTestHome } from "../support/berth.ts";
import { startBerthProcess, withDataDir } from "../support/process.ts";

const MASTER_KEY = randomBytes(32).toString("base64");

test.each(["/proc/data", "/proc/self/fd/data/a/b", "/sys/data", "/dev/null/data"])(
  "a data directory that cannot be made is refused by name: %s",
  async (dataDir) => {
    await expect(startBerthProcess({ dataDir })).rejects.toThrow(
      new RegExp(`the data directory ${dataDir} cannot be made`),
    );
  },
);

test("an address that is taken is refused by name, with the setting to change", () =>
  withDataDir(async (dataDir) => {
    const other = createServer().listen(0, "127.0.0.1");
    await once(other, "listening");
    const place = `127.0.0.1:${(other.address() as AddressInfo).port}`;
    await expect(startBerthProcess({ dataDir, env: { BERTH_LISTEN: place } })).rejects.toThrow(
      `cannot listen on ${place} (EADDRINUSE): another program listens there; set BERTH_LISTEN`,
    );
    other.close();
  }));

test("a database that is not there ends the start, naming the setting and no secret", () =>
  withDataDir(async (dataDir) => {
    const env = {
      BERTH_DATABASE_URL: "postgres://berth:hunter2@127.0.0.1:1/berth",
      BERTH_MASTER_KEY: MASTER_KEY,
    };
    const refused = await startBerthProcess({ dataDir, env }).catch(String);
    expect(refused).toContain("the database of BERTH_DATABASE_URL cannot be used: nothing listens there");
    expect(refused).not.toContain("hunter2");
    await expect(stat(dataDir)).rejects.toThrow("ENOENT");
  }));

test("a start that fails on a database of others ends, though its connections are idle", async () => {
  const home = await makeTestHome();
  try {
    const env = { BERTH_DATABASE_URL: urlOf(home.connection), BERTH_MASTER_KEY: MASTER_KEY };
    // Without an administrator there is nothing to serve; a connection would stay open for half a minute.
    const administrator = { BERTH_ADMIN_ACCESS_KEY_ID: "", BERTH_ADMIN_SECRET_ACCESS_KEY: "" };
    await expect(
      startBerthProcess({ dataDir: home.dataDir, env: { ...env, ...administrator } }),
    ).rejects.toThrow(/has no administrator/);
  } finally {
    await home.remove();
  }
}, 20_000);

describe("a failure of the database", () => {
  const failed = (code: string) => Object.assign(new Error("hunter2"), { code });

  test.each([
    ["a wrong password", failed("28P01"), "the password is not the user's"],
    ["no such database", failed("3D000"), "there is no such database"],
    [
      "an unknown host, by way of the domain",
      unavailable("x", failed("ENOTFOUND")),
      "its host name has no address",
    ],
    ["a certificate", failed("CERT_HAS_EXPIRED"), "the code is CERT_HAS_EXPIRED"],
    [
      "silence",
      unavailable("x", new Error("Connection terminated due to connection timeout")),
      "it does not answer",
    ],
  ])("names the setting and no secret: %s", (_, error, reason) => {
    expect(databaseFailure(error, "BERTH_DATABASE_URL")).toEqual(
      new Error(`the database of BERTH_DATABASE_URL cannot be used: ${reason}`),
    );
  });

  test("is told from an error of another kind", () => {
    const error = new Error("migration 0001 failed", { cause: failed("42P01") });
    expect(databaseFailure(error, "BERTH_DATABASE_URL")).toBe(error);
  });
});
