import type { Command } from "commander";
import { doing, UsageError } from "../command-line.ts";
import type { Io } from "../io.ts";
import {
  addImageOptions,
  connectTo,
  type ImageOptions,
  platformArgument,
  progressFor,
  referenceArgument,
} from "./command.ts";
import { exportImage } from "./export/export-image.ts";
import { formatPinned, type ImageReference } from "./reference.ts";

/** `berth export`. */
export function addExport(parent: Command, io: Io, env: NodeJS.ProcessEnv): void {
  const command = parent
    .command("export")
    .summary("write an image as an archive")
    .description(
      "Writes an image of a registry as a tar that docker load, skopeo (oci-archive:) and berth import read. Prints the " +
        "reference with its digest (with - on stderr).",
    )
    .argument("<reference>", "HOST/REPO:TAG", referenceArgument)
    .argument("<file>", "the tar; - writes to stdout")
    .option(
      "--platform <os/arch>",
      "only this platform's image of an index; by default the index with all of them",
      platformArgument,
    )
    .option("--sparse", "leave out parts of an index that the registry does not hold");
  addImageOptions(command).action(
    doing((source: ImageReference, file: string, options: ImageOptions) =>
      runExport(source, file, options, io, env),
    ),
  );
}

async function runExport(
  source: ImageReference,
  file: string,
  options: ImageOptions,
  io: Io,
  env: NodeJS.ProcessEnv,
): Promise<void> {
  const isPipe = file === "-";
  if (isPipe && io.stdout.isTTY === true) throw new UsageError("a tar is nothing for a terminal");
  const { platform, sparse = false, quiet = false } = options;
  const progress = progressFor(io, "downloaded", quiet);
  const client = await connectTo(source, "pull", options, env);
  try {
    const destination = isPipe ? io.stdout : file;
    const { signal } = io;
    const result = await exportImage({ source, client, destination, progress, platform, sparse, signal });
    if (!result.hasDockerImage) {
      progress.note("the tar holds no ordinary image of this platform, so docker load may refuse it");
    }
    const pinned = `${formatPinned(source, result.digest)}\n`;
    if (!isPipe) io.stdout.write(pinned);
    else if (!quiet) io.stderr.write(pinned);
  } finally {
    client.close();
  }
}
