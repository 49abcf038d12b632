import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { createServer } from "node:net";

/** Milliseconds for a server to start, and to stop before it is killed. */
const PATIENCE = 60_000;

export interface ServerOptions {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  /** File for everything that it prints. */
  readonly log: string;
}

const running = new Set<ServerProcess>();
// The last resort; whoever ends in good order has stopped them before.
process.on("exit", () => {
  for (const server of running) void server.stop();
});

/** Stops whatever still runs. */
export async function stopServers(): Promise<void> {
  await Promise.all([...running].map((server) => server.stop()));
}

/** A server of ours. */
export class ServerProcess {
  readonly #child: ChildProcess;
  readonly #log: string;
  readonly #ended: Promise<void>;
  #failure: Error | undefined;

  constructor({ command, args, env, cwd, log }: ServerOptions) {
    const output = openSync(log, "a");
    this.#log = log;
    this.#child = spawn(command, args, { env, cwd, stdio: ["ignore", output, output] });
    closeSync(output);
    running.add(this);
    this.#ended = new Promise((resolve) => {
      const end = (why: string): void => {
        this.#failure = new Error(`${command} ${why}:\n${this.output().slice(-4000)}`);
        running.delete(this);
        resolve();
      };
      this.#child.on("error", (error) => end(`did not start (${error.message})`));
      this.#child.on("exit", (code, signal) => end(`ended with ${signal ?? code}`));
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  output(): string {
    return readFileSync(this.#log, "utf8");
  }

  /** Asks `find` again and again until it finds something. @throws Error when the server ended, or takes too long */
  async until<T>(find: () => Promise<T | undefined>): Promise<T> {
    for (const end = performance.now() + PATIENCE; performance.now() < end; ) {
      if (this.#failure !== undefined) throw this.#failure;
      const found = await find();
      if (found !== undefined) return found;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error(`a server did not start in time:\n${this.output().slice(-4000)}`);
  }

  /** Ends it in good order; at once when it does not do so in time. */
  async stop(): Promise<void> {
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), PATIENCE);
    this.#child.kill("SIGTERM");
    await this.#ended;
    clearTimeout(timer);
  }
}

/** A port of 127.0.0.1 that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("no port is free");
  return address.port;
}
