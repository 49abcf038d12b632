import { OCI_INDEX } from "../../../registry/media-types.ts";
import { formatReference, type ImageReference } from "../reference.ts";
import type { ExportedManifest } from "./export-plan.ts";

/** Where a tar keeps a blob, for all three formats. */
export function blobPath(digest: string): string {
  return `blobs/${digest.replace(":", "/")}`;
}

export function layoutFile(): Buffer {
  return Buffer.from(JSON.stringify({ imageLayoutVersion: "1.0.0" }));
}

/** `index.json`, with the names that skopeo (`ref.name`) and containerd and docker (`image.name`) look for. */
export function indexFile(root: ExportedManifest, reference: ImageReference): Buffer {
  const { digest, mediaType, bytes } = root;
  const annotations = {
    "io.containerd.image.name": formatReference(reference),
    ...(reference.tag === undefined ? {} : { "org.opencontainers.image.ref.name": reference.tag }),
  };
  const manifests = [{ mediaType, digest, size: bytes.length, annotations }];
  return Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: OCI_INDEX, manifests }));
}

/** `manifest.json` of docker save, its layers being the blobs as they are. */
export function dockerFile(image: ExportedManifest, reference: ImageReference): Buffer {
  const [config, ...layers] = image.view.blobs.map(({ digest }) => blobPath(digest));
  const RepoTags = reference.tag === undefined ? null : [formatReference(reference)];
  return Buffer.from(JSON.stringify([{ Config: config, RepoTags, Layers: layers }]));
}
