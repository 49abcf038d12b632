import type { Readable } from "node:stream";
import type { Digest } from "../../../registry/digest.ts";
import type { RegistryClient } from "../client/registry-client.ts";
import { ImageError } from "../errors.ts";
import type { Platform } from "../platform.ts";
import { type Progress, SILENT } from "../progress.ts";
import type { ImageReference } from "../reference.ts";
import { openArchive } from "./archive.ts";
import { BlobSender } from "./blob-sender.ts";
import { chooseDockerImage } from "./docker-archive.ts";
import { chooseOciRoot } from "./oci-root.ts";
import { pushDocker } from "./push-docker.ts";
import { type PushTarget, pushOci } from "./push-oci.ts";

export interface ImportOptions {
  /** A path, or a stream that is read once. */
  readonly source: string | Readable;
  readonly target: ImageReference;
  /** Of the target's repository, with the right to push. */
  readonly client: RegistryClient;
  readonly progress?: Progress;
  /** Which image of the tar, by `NAME[:TAG]`; needed when there are several. */
  readonly image?: string | undefined;
  /** One platform's image of an index; absent: the index with all of them. */
  readonly platform?: Platform | undefined;
  /** Leave out children of an index that neither the tar nor the registry has. */
  readonly sparse?: boolean | undefined;
}

export interface ImportResult {
  /** Of what the reference names now. */
  readonly digest: Digest;
  readonly mediaType: string;
  readonly uploaded: number;
  readonly uploadedBytes: number;
  /** Blobs that the registry had. */
  readonly skipped: number;
}

/**
 * Brings an image from a tar (OCI image layout, docker-archive, or both at once; perhaps gzip or zstd) into a registry.
 * All digests and sizes are verified; the reference is set last, so a failure leaves it as it was.
 * @throws ImageError saying what is wrong with the tar or what the registry refused; RegistryError for a bad manifest
 */
export async function importImage(options: ImportOptions): Promise<ImportResult> {
  const { client, target, image, platform, progress = SILENT } = options;
  const sender = new BlobSender(client, progress);
  const archive = await openArchive(options.source, sender);
  const { catalog } = archive;
  const push = (reference: string): PushTarget => ({
    ...{ client, sender, progress, reference, digest: target.digest },
    sparse: options.sparse ?? false,
  });
  const reference = target.tag ?? target.digest ?? "latest";
  const index = catalog.file("index.json")?.json;
  const manifest = catalog.file("manifest.json")?.json;
  if (index === undefined && manifest === undefined) {
    throw new ImageError(
      "the tar holds neither index.json (OCI image layout) nor manifest.json (docker save), or is cut short",
    );
  }
  const pushed =
    index !== undefined
      ? await pushOci(archive, chooseOciRoot(catalog, index, image, platform), push(reference))
      : await pushDocker(
          archive,
          chooseDockerImage(catalog, manifest ?? Buffer.alloc(0), image, platform),
          push(reference),
        );
  const { uploaded, uploadedBytes, skipped } = sender;
  return { ...pushed, uploaded, uploadedBytes, skipped };
}
