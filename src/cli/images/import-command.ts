import type { Command } from "commander";
import { doing } from "../command-line.ts";
import type { Io } from "../io.ts";
import {
  addImageOptions,
  connectTo,
  type ImageOptions,
  platformArgument,
  progressFor,
  referenceArgument,
} from "./command.ts";
import { importImage } from "./import/import-image.ts";
import { formatPinned, type ImageReference } from "./reference.ts";

interface ImportOptions extends ImageOptions {
  readonly image?: string;
}

/** `berth import`. */
export function addImport(parent: Command, io: Io, env: NodeJS.ProcessEnv): void {
  const command = parent
    .command("import")
    .summary("push an image from an archive")
    .description(
      "Pushes the image in a tar (docker save, OCI image layout; perhaps gzip or zstd) to a registry. Prints the " +
        "reference with the digest that it has now.",
    )
    .argument("<file>", "the tar; - reads stdin")
    .argument("<reference>", "HOST/REPO:TAG", referenceArgument)
    .option("--image <name[:tag]>", "which image, when the tar holds several")
    .option("--platform <os/arch>", "only this platform's image of an index", platformArgument)
    .option("--sparse", "leave out parts of an index that the tar does not hold");
  addImageOptions(command).action(
    doing((file: string, target: ImageReference, options: ImportOptions) =>
      runImport(file, target, options, io, env),
    ),
  );
}

async function runImport(
  file: string,
  target: ImageReference,
  options: ImportOptions,
  io: Io,
  env: NodeJS.ProcessEnv,
): Promise<void> {
  const { image, platform, sparse = false, quiet = false } = options;
  const progress = progressFor(io, "uploaded", quiet);
  const client = await connectTo(target, "pull,push", options, env);
  try {
    const source = file === "-" ? io.stdin : file;
    const result = await importImage({ source, target, client, progress, image, platform, sparse });
    io.stdout.write(`${formatPinned(target, result.digest)}\n`);
  } finally {
    client.close();
  }
}
