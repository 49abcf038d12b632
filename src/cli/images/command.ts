import { readFile } from "node:fs/promises";
import type { Readable, Writable } from "node:stream";
import { type ParseArgsOptionsConfig, parseArgs } from "node:util";
import { RegistryError } from "../../registry/errors.ts";
import { connect, type RegistryClient } from "./client/registry-client.ts";
import { findCredentials } from "./credentials.ts";
import { ImageError, UsageError } from "./errors.ts";
import { createProgress, type Progress, SILENT } from "./progress.ts";
import { type ImageReference, parseReference } from "./reference.ts";

/** What a command sees of its process. */
export interface Io {
  readonly stdin: Readable;
  readonly stdout: Writable & { readonly isTTY?: boolean };
  readonly stderr: Writable & { readonly isTTY?: boolean; readonly columns?: number };
  /** Ends the work, for example on SIGINT. */
  readonly signal?: AbortSignal;
}

/** Options that import and export share. */
export const COMMON_OPTIONS = {
  platform: { type: "string" },
  sparse: { type: "boolean", default: false },
  "plain-http": { type: "boolean", default: false },
  "ca-file": { type: "string" },
  quiet: { type: "boolean", short: "q", default: false },
  help: { type: "boolean", short: "h", default: false },
} as const satisfies ParseArgsOptionsConfig;

export const COMMON_USAGE = `  --plain-http         HTTP instead of TLS; on this machine's own addresses HTTP is tried anyway
  --ca-file FILE       PEM file of authorities to trust beside the usual ones
  -q, --quiet          no progress on stderr
  -h, --help           this text

Credentials, from the first that there is: BERTH_ACCESS_KEY_ID and BERTH_SECRET_ACCESS_KEY; for a
registry on this machine the administrator's key in BERTH_DATA_DIR (./data); docker's config.json.
`;

/** Parsed by node:util, with two positionals. @throws UsageError */
export function parseCommand<T extends ParseArgsOptionsConfig>(argv: readonly string[], options: T) {
  try {
    return parseArgs({ args: [...argv], options, allowPositionals: true, strict: true });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

/** A reference from the command line: a mistake in it is one of usage. */
export function referenceArgument(text: string): ImageReference {
  try {
    return parseReference(text);
  } catch (error) {
    throw error instanceof RegistryError ? new UsageError(error.message) : error;
  }
}

export interface ConnectionOptions {
  readonly "plain-http": boolean;
  readonly "ca-file"?: string | undefined;
}

/** A client for the reference's repository, with the credentials that are found for its host. */
export async function connectTo(
  { host, repository }: ImageReference,
  access: "pull" | "pull,push",
  options: ConnectionOptions,
  env: NodeJS.ProcessEnv,
): Promise<RegistryClient> {
  const caFile = options["ca-file"];
  const ca =
    caFile === undefined
      ? undefined
      : await readFile(caFile).catch((error: Error) => {
          throw new ImageError(`cannot read --ca-file: ${error.message}`, { cause: error });
        });
  const credentials = await findCredentials(host, env);
  return connect({ host, repository, access, credentials, plainHttp: options["plain-http"], ca });
}

export function progressFor({ stderr }: Io, verb: string, quiet: boolean): Progress {
  return quiet ? SILENT : createProgress(stderr, verb);
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
    const known = error instanceof ImageError || error instanceof RegistryError;
    const text =
      error instanceof Error ? (known ? error.message : (error.stack ?? error.message)) : String(error);
    io.stderr.write(`berth: ${text}\n`);
    return 1;
  }
}
