import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ADMINISTRATOR, basic } from "./berth.ts";

const LAUNCH = fileURLToPath(new URL("../../src/cli/launch.js", import.meta.url));

/** Berth as a process of its own, started as a user starts it. */
export interface BerthProcess {
  readonly url: string;
  readonly pid: number;
  readonly dataDir: string;
  /** Milliseconds from start to listening. */
  readonly startedIn: number;
  output(): string;
  fetch(path: string, init?: RequestInit): Promise<Response>;
  /** Sends a signal; resolves with the exit code, or the signal that ended it. */
  end(signal: NodeJS.Signals): Promise<number | NodeJS.Signals | null>;
}

export interface ProcessOptions {
  readonly dataDir: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly uid?: number;
  /** Where its stderr goes, a descriptor of this process; else what it writes is in `output()`. */
  readonly stderr?: number;
  /** Uses the generated administrator of the data directory instead of a configured one. */
  readonly generated?: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

/** @throws Error with the output when it ends before it listens */
export async function startBerthProcess(options: ProcessOptions): Promise<BerthProcess> {
  const started = performance.now();
  const administrator =
    options.generated === undefined
      ? {
          BERTH_ADMIN_ACCESS_KEY_ID: ADMINISTRATOR.accessKeyId,
          BERTH_ADMIN_SECRET_ACCESS_KEY: ADMINISTRATOR.secretAccessKey,
        }
      : {};
  const child = spawn(process.execPath, [LAUNCH, "start"], {
    env: {
      PATH: process.env["PATH"] ?? "",
      BERTH_LISTEN: "127.0.0.1:0",
      BERTH_DATA_DIR: options.dataDir,
      ...administrator,
      ...options.env,
    },
    stdio: ["ignore", "pipe", options.stderr ?? "pipe"],
    ...(options.uid === undefined ? {} : { uid: options.uid, gid: options.uid }),
  });
  const { output, url } = await listening(child);
  const { accessKeyId, secretAccessKey } = options.generated ?? ADMINISTRATOR;
  return {
    url,
    pid: child.pid ?? 0,
    dataDir: options.dataDir,
    startedIn: performance.now() - started,
    output,
    fetch(path, init = {}) {
      const headers = new Headers(init.headers);
      if (!headers.has("authorization")) headers.set("authorization", basic(accessKeyId, secretAccessKey));
      return fetch(new URL(path, url), { redirect: "manual", ...init, headers });
    },
    end(signal) {
      return new Promise((resolve) => {
        if (child.exitCode !== null || child.signalCode !== null) resolve(child.exitCode ?? child.signalCode);
        child.once("exit", (code, by) => resolve(code ?? by));
        child.kill(signal);
      });
    },
  };
}

function listening(child: ChildProcess): Promise<{ output: () => string; url: string }> {
  let text = "";
  return new Promise((resolve, reject) => {
    const read = (chunk: Buffer): void => {
      text += chunk;
      const url = /^listening on (\S+)$/m.exec(text)?.[1];
      if (url !== undefined) resolve({ output: () => text, url });
    };
    child.stdout?.on("data", read);
    child.stderr?.on("data", read);
    child.once("exit", (code, signal) => reject(new Error(`Berth ended with ${code ?? signal}: ${text}`)));
  });
}

/** A data directory that is gone after `use`. */
export async function withDataDir<T>(use: (dataDir: string) => Promise<T>): Promise<T> {
  const home = await mkdtemp(join(tmpdir(), "berth-process-"));
  try {
    return await use(join(home, "data"));
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}
