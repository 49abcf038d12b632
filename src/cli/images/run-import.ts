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
import { importImage } from "./import/import-image.ts";
import { parsePlatform } from "./platform.ts";
import { formatPinned } from "./reference.ts";

const USAGE = `Usage: berth import [options] FILE.tar HOST/REPO:TAG

Pushes the image in a tar (docker save, OCI image layout; perhaps gzip or zstd) to a registry; \`-\` reads stdin.
Prints the reference with the digest that it has now.

  --image NAME[:TAG]   which image, when the tar holds several
  --platform OS/ARCH   only this platform's image of an index
  --sparse             leave out parts of an index that the tar does not hold
${COMMON_USAGE}`;

const OPTIONS = { ...COMMON_OPTIONS, image: { type: "string" } } as const;

/** `berth import`: `argv` is what follows the command's name. Resolves to the exit code. */
export function runImport(argv: readonly string[], env: NodeJS.ProcessEnv, io: Io): Promise<number> {
  return exitCode(io, USAGE, async () => {
    const { values, positionals } = parseCommand(argv, OPTIONS);
    if (values.help) {
      io.stdout.write(USAGE);
      return;
    }
    const [file, name, ...rest] = positionals;
    if (file === undefined || name === undefined || rest.length > 0) {
      throw new UsageError("import takes a tar and a reference");
    }
    const target = referenceArgument(name);
    const platform = values.platform === undefined ? undefined : parsePlatform(values.platform);
    const progress = progressFor(io, "uploaded", values.quiet);
    const client = await connectTo(target, "pull,push", values, env);
    try {
      const { image, sparse } = values;
      const source = file === "-" ? io.stdin : file;
      const result = await importImage({ source, target, client, progress, image, platform, sparse });
      io.stdout.write(`${formatPinned(target, result.digest)}\n`);
    } finally {
      client.close();
    }
  });
}
