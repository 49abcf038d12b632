import { randomBytes } from "node:crypto";
import { chmod, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { startBerthProcess, withDataDir } from "../support/process.ts";

test("a data directory whose master key is not its own is refused by name, and works with it again", () =>
  withDataDir(async (dataDir) => {
    await (await startBerthProcess({ dataDir })).end("SIGTERM");
    const file = join(dataDir, "master-key");
    const own = await readFile(file, "utf8");
    const start = () => startBerthProcess({ dataDir });

    await writeFile(file, `${randomBytes(32).toString("base64")}\n`);
    await expect(start()).rejects.toThrow(/the master key is not the one of this database/);
    await writeFile(file, "garbage\n");
    await expect(start()).rejects.toThrow(/master-key must hold 32 bytes in base64/);
    await writeFile(file, "");
    await expect(start()).rejects.toThrow(/master-key is empty/);
    await rm(file);
    await expect(start()).rejects.toThrow(/the file \S+master-key is missing/);
    await expect(
      startBerthProcess({ dataDir, env: { BERTH_MASTER_KEY: randomBytes(32).toString("base64") } }),
    ).rejects.toThrow(/the master key is not the one of this database/);

    await writeFile(file, own);
    await chmod(file, 0o600);
    const again = await start();
    expect((await again.fetch("/v2/")).status).toBe(200);
    await again.end("SIGTERM");
  }));

test("a node that was given another secret for the administrator's key does not start", () =>
  withDataDir(async (dataDir) => {
    await (await startBerthProcess({ dataDir })).end("SIGTERM");
    const secret = "another-secret-of-the-administrator";
    const refused = await startBerthProcess({
      dataDir,
      env: { BERTH_ADMIN_SECRET_ACCESS_KEY: secret },
    }).catch(String);
    expect(refused).toMatch(/BERTH_ADMIN_SECRET_ACCESS_KEY is not the secret of/);
    expect(refused).not.toContain(secret);
  }));
