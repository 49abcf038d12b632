import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const HASHING = new URL("../../../src/adapters/hashing/index.ts", import.meta.url).href;
const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
const CONTENT = Buffer.alloc(1024 * 1024, "content");
const DIGEST = `sha256:${createHash("sha256").update(CONTENT).digest("hex")}`;

/** Hashes something large, twice, says what came of it, and closes nothing. Its timer stands for a server that listens. */
const SCRIPT = `
  const { openHashing } = await import("${HASHING}");
  const listening = setInterval(() => undefined, 1000);
  const hashing = openHashing((error) => console.log("failed:", error.code), 2);
  for (const round of [1, 2]) {
    const hash = hashing.start("sha256");
    await hash.update(Buffer.alloc(1024 * 1024, "content"));
    console.log(await hash.digest());
  }
  clearInterval(listening);
`;

async function run(...options: string[]): Promise<readonly string[]> {
  const argv = [...options, "--input-type=module", "--no-warnings", "-e", SCRIPT];
  const { stdout } = await promisify(execFile)(process.execPath, argv, { cwd: ROOT, timeout: 20_000 });
  return stdout.trim().split("\n");
}

test("the thread does not keep a process alive", async () => {
  expect(await run()).toEqual([DIGEST, DIGEST]);
});

test("a process that may have no further thread hashes where it is, and says so once", async () => {
  expect(await run("--permission", "--allow-fs-read=*")).toEqual([
    "failed: ERR_ACCESS_DENIED",
    DIGEST,
    DIGEST,
  ]);
});
