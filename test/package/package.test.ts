import { execFile, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";

const run = promisify(execFile);
const CHECKOUT = new URL("../..", import.meta.url).pathname;

let home: string;

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), "berth-package-"));
  await run("npm", ["pack", "--pack-destination", home], { cwd: CHECKOUT });
  const [tarball] = await readdir(home);
  await run("npm", ["init", "-y"], { cwd: home });
  await run("npm", ["install", "--no-audit", "--no-fund", join(home, tarball ?? "")], { cwd: home });
}, 240_000);

afterAll(() => rm(home, { recursive: true, force: true }));

test("the package holds plain JavaScript and what it reads, and no sources or tests", async () => {
  const files = await readdir(join(home, "node_modules/@berth-registry/berth"), { recursive: true });
  expect(files.filter((file) => /\.tsx?$|^test/.test(file))).toEqual([]);
  expect(files).toEqual(
    expect.arrayContaining(["dist/main.js", "src/cli/launch.js", "README.md", "LICENSE", "sbom.cdx.json"]),
  );
  expect(files.some((file) => /^migrations\/\d{4}_.*\.sql$/.test(file))).toBe(true);
});

test("the package lists what it is made of", async () => {
  const bill = JSON.parse(
    await readFile(join(home, "node_modules/@berth-registry/berth/sbom.cdx.json"), "utf8"),
  );
  const names = bill.components.map(({ name }: { name: string }) => name);
  expect(names).toEqual(expect.arrayContaining(["koa", "pg", "jose", "casbin", "commander"]));
  expect(names).not.toContain("vitest");
});

test("the installed command starts a registry, from any folder, and ends with 0", async () => {
  const elsewhere = await mkdtemp(join(tmpdir(), "berth-elsewhere-"));
  const child = spawn(join(home, "node_modules/.bin/berth"), ["start"], {
    cwd: elsewhere,
    // The machine's own PATH: whatever Node it has, as a user's shell would.
    env: { PATH: machinePath(), HOME: elsewhere, BERTH_LISTEN: "127.0.0.1:0" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  let errors = "";
  child.stderr.on("data", (chunk) => (errors += chunk));
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout.on("data", (chunk) => {
      output += chunk;
      const started = /^listening on (\S+)$/m.exec(output)?.[1];
      if (started !== undefined && output.includes("docker push")) resolve(started);
    });
    child.once("exit", (code) => reject(new Error(`ended with code ${code}: ${output}${errors}`)));
  });
  expect(output).toMatch(/access key id +AKIA/);
  const user = /access key id +(\S+)/.exec(output)?.[1];
  const secret = /secret access key +(\S+)/.exec(output)?.[1];
  const authorization = `Basic ${Buffer.from(`${user}:${secret}`).toString("base64")}`;
  expect((await fetch(`${url}/v2/`, { headers: { authorization } })).status).toBe(200);
  // Large enough to be hashed in a thread, whose script is a file of the package.
  const body = Buffer.alloc(1024 * 1024, "large");
  const digest = `sha256:${createHash("sha256").update(body).digest("hex")}`;
  const upload = `${url}/v2/made/by-push/blobs/uploads/?digest=${digest}`;
  expect((await fetch(upload, { method: "POST", headers: { authorization }, body })).status).toBe(201);
  expect(errors).not.toContain("no thread for hashing");
  const { stdout } = await run(
    join(home, "node_modules/.bin/berth"),
    ["repository", "create", "made/by-command"],
    {
      cwd: elsewhere,
      env: { PATH: machinePath(), HOME: elsewhere },
    },
  );
  expect(JSON.parse(stdout).name).toBe("made/by-command");
  child.removeAllListeners("exit");
  const code = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGTERM");
  expect(await code).toBe(0);
  await rm(elsewhere, { recursive: true, force: true });
});

/** PATH without the folders that npm puts before it for its scripts. */
function machinePath(): string {
  return (process.env["PATH"] ?? "")
    .split(":")
    .filter((folder) => !folder.includes("node_modules"))
    .join(":");
}
