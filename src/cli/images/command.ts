import { readFile } from "node:fs/promises";
import { type Command, InvalidArgumentError } from "commander";
import { RegistryError } from "../../registry/errors.ts";
import { UsageError } from "../command-line.ts";
import type { Io } from "../io.ts";
import { connect, type RegistryClient } from "./client/registry-client.ts";
import { findCredentials } from "./credentials.ts";
import { ImageError } from "./errors.ts";
import { type Platform, parsePlatform } from "./platform.ts";
import { createProgress, type Progress, SILENT } from "./progress.ts";
import { type ImageReference, parseReference } from "./reference.ts";

/** Options that import and export share. */
export interface ImageOptions {
  readonly platform?: Platform;
  readonly sparse?: boolean;
  readonly plainHttp?: boolean;
  readonly caFile?: string;
  readonly quiet?: boolean;
}

const CREDENTIALS = `
Credentials, from the first that there is: BERTH_ACCESS_KEY_ID and BERTH_SECRET_ACCESS_KEY; for a
registry on this machine the administrator's key in BERTH_DATA_DIR (./data); docker's config.json.
`;

/** Declares {@link ImageOptions}, after the command's own. */
export function addImageOptions(command: Command): Command {
  return command
    .option("--plain-http", "HTTP instead of TLS; on this machine's own addresses HTTP is tried anyway")
    .option("--ca-file <file>", "PEM file of authorities to trust beside the usual ones")
    .option("-q, --quiet", "no progress on stderr")
    .addHelpText("after", CREDENTIALS);
}

/** For an option's value. @throws InvalidArgumentError */
export function platformArgument(text: string): Platform {
  try {
    return parsePlatform(text);
  } catch (error) {
    throw error instanceof UsageError ? new InvalidArgumentError(error.message) : error;
  }
}

/** For an argument. @throws InvalidArgumentError */
export function referenceArgument(text: string): ImageReference {
  try {
    return parseReference(text);
  } catch (error) {
    throw error instanceof RegistryError || error instanceof UsageError
      ? new InvalidArgumentError(error.message)
      : error;
  }
}

/** A client for the reference's repository, with the credentials that are found for its host. */
export async function connectTo(
  { host, repository }: ImageReference,
  access: "pull" | "pull,push",
  { caFile, plainHttp = false }: ImageOptions,
  env: NodeJS.ProcessEnv,
): Promise<RegistryClient> {
  const ca =
    caFile === undefined
      ? undefined
      : await readFile(caFile).catch((error: Error) => {
          throw new ImageError(`cannot read --ca-file: ${error.message}`, { cause: error });
        });
  const credentials = await findCredentials(host, env);
  return connect({ host, repository, access, credentials, plainHttp, ca });
}

export function progressFor({ stderr }: Io, verb: string, quiet: boolean): Progress {
  return quiet ? SILENT : createProgress(stderr, verb);
}
