import type { Writable } from "node:stream";
import type { Digest } from "../../../registry/digest.ts";
import { downloadBlob } from "../client/blob-download.ts";
import type { RegistryClient } from "../client/registry-client.ts";
import { ImageError } from "../errors.ts";
import { type Platform, runningPlatform } from "../platform.ts";
import { type Progress, SILENT, shortDigest } from "../progress.ts";
import type { ImageReference } from "../reference.ts";
import { type ExportPlan, fetchManifest, planExport } from "./export-plan.ts";
import { blobPath, dockerFile, indexFile, layoutFile } from "./layout-files.ts";
import { writeWhole } from "./output.ts";
import { imageForDocker, selectPlatform } from "./select-platform.ts";
import { TarWriter } from "./tar-writer.ts";

export interface ExportOptions {
  readonly source: ImageReference;
  /** Of the source's repository, with the right to pull. */
  readonly client: RegistryClient;
  /** A path, or a stream, which is left open. */
  readonly destination: string | Writable;
  readonly progress?: Progress;
  /** One platform's image of an index; absent: the index with all of them. */
  readonly platform?: Platform | undefined;
  /** Leave out children of an index that the registry does not have. */
  readonly sparse?: boolean | undefined;
  /** Gives up and leaves no file behind. */
  readonly signal?: AbortSignal | undefined;
}

export interface ExportResult {
  /** Of the manifest that the tar's index.json names. */
  readonly digest: Digest;
  readonly mediaType: string;
  readonly manifests: number;
  readonly blobs: number;
  /** Whether a docker without containerd's image store can load it. */
  readonly hasDockerImage: boolean;
}

/**
 * Writes an image as a tar that is an OCI image layout and, where it holds an ordinary image, a docker-archive too.
 * Every blob is verified on its way; a failure leaves no file.
 * @throws ImageError saying what is missing, wrong or refused; RegistryError for a manifest that makes no sense
 */
export async function exportImage(options: ExportOptions): Promise<ExportResult> {
  const { source, client, platform, destination, progress = SILENT, sparse = false } = options;
  const named = await fetchManifest(client, source.digest ?? source.tag ?? "latest");
  const root = platform === undefined ? named : await selectPlatform(client, named, platform);
  const plan = await planExport(root, { client, progress, sparse });
  const docker = imageForDocker(plan, platform ?? runningPlatform());
  const name = { ...source, digest: root.digest };
  const { signal } = options;
  const write = async (out: Writable) => {
    const tar = new TarWriter(out);
    try {
      await tar.addBytes("oci-layout", layoutFile());
      await tar.addBytes("index.json", indexFile(root, name));
      if (docker !== undefined) await tar.addBytes("manifest.json", dockerFile(docker, name));
      await writeBlobs(plan, tar, { client, progress, signal });
      await tar.end();
    } finally {
      tar.destroy();
    }
  };
  await (typeof destination === "string" ? writeWhole(destination, write) : write(destination));
  const { digest, mediaType } = root;
  const counts = { manifests: plan.manifests.size, blobs: plan.blobs.size };
  return { digest, mediaType, ...counts, hasDockerImage: docker !== undefined };
}

interface Copying {
  readonly client: RegistryClient;
  readonly progress: Progress;
  readonly signal: AbortSignal | undefined;
}

/** Manifests first, so that whoever reads the tar from a pipe knows early what is in it. */
async function writeBlobs(
  plan: ExportPlan,
  tar: TarWriter,
  { client, progress, signal }: Copying,
): Promise<void> {
  for (const { digest, bytes } of plan.manifests.values()) await tar.addBytes(blobPath(digest), bytes);
  for (const { digest, size } of plan.blobs.values()) {
    // An artifact may name a manifest as its layer; a tar holds each name once.
    if (plan.manifests.has(digest)) continue;
    const shown = progress.start(shortDigest(digest));
    const watched = async function* (): AsyncGenerator<Buffer> {
      for await (const chunk of downloadBlob(client, digest, size)) {
        if (signal?.aborted === true) throw new ImageError("interrupted");
        shown.add(chunk.length);
        yield chunk;
      }
    };
    await tar.add(blobPath(digest), size, watched());
    shown.finish();
  }
}
