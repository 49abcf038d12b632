import type { Readable, Writable } from "node:stream";
import { type ParseArgsOptionsConfig, parseArgs } from "node:util";
import { configuredHosts, HelperError, hostOf } from "./helper.ts";

/** What a command sees of its process. */
export interface Io {
  readonly stdin: Readable & { readonly isTTY?: boolean };
  readonly stdout: Writable;
  readonly stderr: Writable & { readonly isTTY?: boolean };
}

/** A mistake in the arguments: said with the usage, exit code 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** @throws UsageError */
export function parseCommand<T extends ParseArgsOptionsConfig>(argv: readonly string[], options: T) {
  try {
    return parseArgs({ args: [...argv], options, allowPositionals: true, strict: true });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

/** Runs a command and turns its end into an exit code: 0 done, 1 failed, 2 wrong usage. */
export async function exitCode(io: Io, usage: string, work: () => Promise<void>): Promise<number> {
  try {
    await work();
    return 0;
  } catch (error) {
    if (error instanceof UsageError) {
      io.stderr.write(`berth: ${error.message}\n\n${usage}`);
      return 2;
    }
    if (!(error instanceof HelperError)) throw error;
    io.stderr.write(`berth: ${error.message}\n`);
    return 1;
  }
}

/** @throws UsageError */
export function parseHost(text: string): string {
  const host = hostOf(text);
  if (host === undefined) throw new UsageError(`${JSON.stringify(text)} is not a host`);
  return host;
}

/** The host that a command is about: the one that was named, or the only one that is configured. */
export async function hostArgument(positionals: readonly string[], env: NodeJS.ProcessEnv): Promise<string> {
  const [named, ...more] = positionals;
  if (more.length > 0) throw new UsageError(`too many arguments: ${more.join(" ")}`);
  if (named !== undefined) return parseHost(named);
  const hosts = [...(await configuredHosts(env)).keys()];
  const [only, ...others] = hosts;
  if (only === undefined) throw new UsageError("name a HOST: none is configured yet");
  if (others.length > 0) throw new UsageError(`name a HOST: ${hosts.join(", ")}`);
  return only;
}

const REGION = /^[a-z0-9-]{1,64}$/;

/** @throws UsageError */
export function parseRegion(text: string | undefined): string | undefined {
  if (text !== undefined && !REGION.test(text)) {
    throw new UsageError("--region must be small letters, digits and '-'");
  }
  return text;
}
