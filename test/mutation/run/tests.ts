import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { join } from "node:path";
import type { Outcome, Run } from "./messages.ts";

export interface TestsOptions {
  /** The copy of the checkout. */
  readonly folder: string;
  readonly env: Readonly<Record<string, string>>;
}

/** A process that has the tests loaded and runs those it is asked for; a new one after it was stopped. */
export class Tests {
  readonly #options: TestsOptions;
  #process: ChildProcess | undefined;

  constructor(options: TestsOptions) {
    this.#options = options;
  }

  /** Undefined when the tests took longer than `limit` milliseconds: they are stopped then. */
  async run(request: Run, limit: number): Promise<Outcome | undefined> {
    const running = await this.#started();
    const timeout = AbortSignal.timeout(limit);
    const ended = new AbortController();
    const stopped = AbortSignal.any([timeout, ended.signal]);
    running.send(request);
    const died = once(running, "exit", { signal: stopped }).then(() => undefined);
    const answered = once(running, "message", { signal: stopped }).then(([outcome]) => outcome as Outcome);
    died.catch(() => undefined);
    try {
      const outcome = await Promise.race([answered, died]);
      if (outcome === undefined) this.stop();
      return outcome;
    } catch (error) {
      if (!timeout.aborted) throw error;
      this.stop();
      return undefined;
    } finally {
      answered.catch(() => undefined);
      ended.abort();
    }
  }

  /** Ends the process and all that it started. */
  stop(): void {
    const { pid } = this.#process ?? {};
    this.#process = undefined;
    if (pid === undefined) return;
    try {
      process.kill(-pid, "SIGKILL");
    } catch {
      // It has ended by itself.
    }
  }

  async #started(): Promise<ChildProcess> {
    if (this.#process !== undefined) return this.#process;
    const { folder, env } = this.#options;
    const child = fork(join(folder, "test/mutation/run/tests-process.ts"), {
      ...{ cwd: folder, env: { ...process.env, ...env }, detached: true },
      stdio: ["ignore", "pipe", "pipe", "ipc"],
    });
    const log = createWriteStream(join(folder, "tests.log"), { flags: "a" });
    for (const stream of [child.stdout, child.stderr]) stream?.pipe(log, { end: false });
    await Promise.race([
      once(child, "message"),
      once(child, "exit").then(() => Promise.reject(new Error(`the tests do not start: see ${log.path}`))),
    ]);
    this.#process = child;
    return child;
  }
}
