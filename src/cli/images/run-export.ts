import {
  COMMON_OPTIONS,
  COMMON_USAGE,
  connectTo,
  exitCode,
  type Io,
  parseCommand,
  progressFor,
  referenceArgument,
} from "./command.ts";
import { UsageError } from "./errors.ts";
import { exportImage } from "./export/export-image.ts";
import { parsePlatform } from "./platform.ts";
import { formatPinned } from "./reference.ts";

const USAGE = `Usage: berth export [options] HOST/REPO:TAG FILE.tar

Writes an image of a registry as a tar that docker load, skopeo (oci-archive:) and berth import read;
\`-\` writes to stdout. Prints the reference with its digest (with \`-\` on stderr).

  --platform OS/ARCH   only this platform's image of an index; by default the index with all of them
  --sparse             leave out parts of an index that the registry does not hold
${COMMON_USAGE}`;

/** `berth export`: `argv` is what follows the command's name. Resolves to the exit code. */
export function runExport(argv: readonly string[], env: NodeJS.ProcessEnv, io: Io): Promise<number> {
  return exitCode(io, USAGE, async () => {
    const { values, positionals } = parseCommand(argv, COMMON_OPTIONS);
    if (values.help) {
      io.stdout.write(USAGE);
      return;
    }
    const [name, file, ...rest] = positionals;
    if (file === undefined || name === undefined || rest.length > 0) {
      throw new UsageError("export takes a reference and a tar");
    }
    const source = referenceArgument(name);
    const isPipe = file === "-";
    if (isPipe && io.stdout.isTTY === true) throw new UsageError("a tar is nothing for a terminal");
    const platform = values.platform === undefined ? undefined : parsePlatform(values.platform);
    const progress = progressFor(io, "downloaded", values.quiet);
    const client = await connectTo(source, "pull", values, env);
    try {
      const destination = isPipe ? io.stdout : file;
      const { sparse } = values;
      const { signal } = io;
      const result = await exportImage({ source, client, destination, progress, platform, sparse, signal });
      if (!result.hasDockerImage) {
        progress.note("the tar holds no ordinary image of this platform, so docker load may refuse it");
      }
      const pinned = `${formatPinned(source, result.digest)}\n`;
      if (!isPipe) io.stdout.write(pinned);
      else if (!values.quiet) io.stderr.write(pinned);
    } finally {
      client.close();
    }
  });
}
