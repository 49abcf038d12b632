import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { DatabaseConnection } from "../../../src/composition/state.ts";
import type { CrashPoint } from "./steps.ts";

const ENTRY = fileURLToPath(new URL("../../crash/child.ts", import.meta.url));
/** Compiled modules of earlier children: half of the time that a start takes. */
const COMPILE_CACHE = fileURLToPath(new URL("../../../node_modules/.cache/berth-crash", import.meta.url));

export interface ChildSettings {
  readonly env: Readonly<Record<string, string>>;
  readonly connection: DatabaseConnection;
  /** As with the embedded database; else as one node of several. */
  readonly isAlone: boolean;
  /** File for the trace of what the disk has; undefined where objects are no files. */
  readonly trace: string | undefined;
}

export type ChildOrder =
  | { readonly kind: "arm"; readonly point: CrashPoint | undefined }
  | { readonly kind: "report" };

/** Berth as a process that kills itself where it is told. */
export interface CrashingChild {
  readonly url: string;
  /** From now on steps count. */
  arm(point: CrashPoint | undefined): Promise<void>;
  /** Steps since it was armed. */
  report(): Promise<readonly string[]>;
  /** Kills it, within this call, unless it is dead; resolves when it is gone. */
  kill(): Promise<void>;
  /** Resolves when it is gone. */
  readonly exited: Promise<void>;
  /** What it wrote to its standard error. */
  errors(): string;
}

export async function startChild(settings: ChildSettings): Promise<CrashingChild> {
  const child = spawn(process.execPath, [ENTRY, JSON.stringify(settings)], {
    stdio: ["ignore", "ignore", "pipe", "ipc"],
    env: { PATH: process.env["PATH"] ?? "", NODE_COMPILE_CACHE: COMPILE_CACHE },
  });
  let errors = "";
  child.stderr?.on("data", (text: Buffer) => (errors += text));
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const ask = async (order: ChildOrder): Promise<readonly string[]> => {
    child.send(order);
    const [answer] = await Promise.race([message(child), exited.then(() => [undefined])]);
    if (answer === undefined) throw new Error(`the child ended: ${errors}`);
    return (answer as { readonly reached: readonly string[] }).reached;
  };
  const [hello] = await Promise.race([message(child), exited.then(() => [undefined])]);
  if (hello === undefined) throw new Error(`the child did not start: ${errors}`);
  return {
    url: (hello as { readonly url: string }).url,
    async arm(point) {
      await ask({ kind: "arm", point });
    },
    report: () => ask({ kind: "report" }),
    kill() {
      child.kill("SIGKILL");
      return exited;
    },
    exited,
    errors: () => errors,
  };
}

function message(child: ChildProcess): Promise<unknown[]> {
  return new Promise((resolve) => child.once("message", (...values) => resolve(values)));
}
