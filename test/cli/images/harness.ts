import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough, Readable } from "node:stream";
import { afterEach, beforeEach } from "vitest";
import { addExport, addImport } from "../../../src/cli/images/index.ts";
import { MemoryRegistry } from "../../support/memory-registry.ts";
import { runBerth } from "../captured-io.ts";

export interface Ran {
  readonly code: number;
  readonly out: Buffer;
  /** What was printed. */
  readonly text: string;
  readonly errors: string;
}

/** A registry and an empty folder for each test. */
export class Harness {
  registry = new MemoryRegistry();
  folder = "";
  env: Record<string, string> = {};

  path(name: string): string {
    return join(this.folder, name);
  }

  import(argv: readonly string[], stdin: Buffer | readonly Buffer[] = []): Promise<Ran> {
    return run(addImport, ["import", ...argv], this.env, Buffer.isBuffer(stdin) ? [stdin] : stdin);
  }

  export(argv: readonly string[]): Promise<Ran> {
    return run(addExport, ["export", ...argv], this.env, []);
  }

  manifest(name: string): Record<string, never> & { layers: { mediaType: string; digest: string }[] } {
    const found = this.registry.manifests.get(name);
    if (found === undefined) throw new Error(`no manifest ${name}`);
    return JSON.parse(found.bytes.toString());
  }

  tags(): string[] {
    return [...this.registry.manifests.keys()].filter((name) => !name.includes("@"));
  }
}

async function run(
  add: typeof addImport,
  argv: readonly string[],
  env: Record<string, string>,
  stdin: readonly Buffer[],
): Promise<Ran> {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const [out, errors] = [gather(stdout), gather(stderr)];
  const io = { stdin: Readable.from(stdin, { objectMode: false }), stdout, stderr };
  const code = await runBerth(io, argv, (parent) => add(parent, io, env));
  stdout.end();
  stderr.end();
  return { code, out: await out, text: (await out).toString(), errors: (await errors).toString() };
}

async function gather(stream: PassThrough): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

export function useHarness(): Harness {
  const harness = new Harness();
  beforeEach(async () => {
    harness.folder = await mkdtemp(join(tmpdir(), "berth-images-"));
    harness.registry = await new MemoryRegistry().listen();
    // No credentials of the machine that the tests run on.
    harness.env = { HOME: harness.folder, BERTH_DATA_DIR: harness.folder };
  });
  afterEach(async () => {
    await harness.registry.close();
    await rm(harness.folder, { recursive: true, force: true });
  });
  return harness;
}
