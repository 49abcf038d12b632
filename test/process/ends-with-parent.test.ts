import { type ChildProcess, spawn } from "node:child_process";
import { readdir, readFile, readlink } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { withDataDir } from "../support/process.ts";

const CHECKOUT = fileURLToPath(new URL("../..", import.meta.url));
const LAUNCH = fileURLToPath(new URL("../../src/cli/launch.js", import.meta.url));

/** What a launcher does that cannot replace itself. */
const AS_CHILD = `
  const { spawn } = require("node:child_process");
  spawn(process.execPath, [${JSON.stringify(LAUNCH)}, "start"], {
    stdio: "inherit", env: { ...process.env, BERTH_INTERNAL_LAUNCHED: "1" } });`;

/** Starts it in a process group of its own, as a terminal does, and waits until it listens. */
async function startUnder(
  command: string,
  args: readonly string[],
  dataDir: string,
  env: Readonly<Record<string, string>> = {},
): Promise<ChildProcess & { readonly pid: number }> {
  const child = spawn(command, args, {
    cwd: CHECKOUT,
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
    env: {
      PATH: process.env["PATH"] ?? "",
      HOME: process.env["HOME"] ?? "",
      BERTH_LISTEN: "127.0.0.1:0",
      BERTH_DATA_DIR: dataDir,
      ...env,
    },
  });
  const { pid } = child;
  if (pid === undefined) throw new Error(`${command} does not run`);
  onTestFinished(async () => {
    for (const left of await processesOf(dataDir)) process.kill(left, "SIGKILL");
  });
  await new Promise<void>((resolve, reject) => {
    let text = "";
    const read = (chunk: Buffer): void => {
      text += chunk;
      if (/^listening on/m.test(text)) resolve();
    };
    child.stdout?.on("data", read);
    child.stderr?.on("data", read);
    child.once("exit", () => reject(new Error(`it ended: ${text}`)));
  });
  return Object.assign(child, { pid });
}

/** Every process of the Berth on the data directory: its starters, itself, its database, and who watches that. */
async function processesOf(dataDir: string): Promise<readonly number[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name)).map(Number);
  const ours = await Promise.all(
    pids.map(async (pid) => {
      const [environment, command, place, state] = await Promise.all([
        readFile(`/proc/${pid}/environ`, "utf8").catch(() => ""),
        readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => ""),
        readlink(`/proc/${pid}/cwd`).catch(() => ""),
        readFile(`/proc/${pid}/stat`, "utf8").catch(() => ""),
      ]);
      const belongs =
        environment.includes(`BERTH_DATA_DIR=${dataDir}\0`) ||
        command.includes(dataDir) ||
        place.startsWith(dataDir);
      return belongs && !/\) Z /.test(state) ? [pid] : [];
    }),
  );
  return ours.flat();
}

const nothingIsLeft = (dataDir: string) =>
  expect.poll(() => processesOf(dataDir), { timeout: 25_000 }).toEqual([]);

test("npm start ends with everything in it on SIGTERM and SIGKILL to npm, and on a terminal's SIGINT", () =>
  withDataDir(async (dataDir) => {
    const start = () => startUnder("npm", ["start"], dataDir);
    (await start()).kill("SIGTERM");
    await nothingIsLeft(dataDir);
    process.kill(-(await start()).pid, "SIGINT");
    await nothingIsLeft(dataDir);
    (await start()).kill("SIGKILL");
    await nothingIsLeft(dataDir);
  }));

test("a server whose launcher is killed ends", () =>
  withDataDir(async (dataDir) => {
    (await startUnder(process.execPath, ["-e", AS_CHILD], dataDir)).kill("SIGKILL");
    await nothingIsLeft(dataDir);
  }));

test("processes and database of a node whose first process is killed end", () =>
  withDataDir(async (dataDir) => {
    const env = { WEB_CONCURRENCY: "2" };
    (await startUnder(process.execPath, [LAUNCH, "start"], dataDir, env)).kill("SIGKILL");
    await nothingIsLeft(dataDir);
  }));
