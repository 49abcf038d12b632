import { type Digest, type DigestAlgorithm, digestOf } from "../../src/registry/digest.ts";
import { DOCKER_LIST, DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST } from "../../src/registry/media-types.ts";

export { DOCKER_LIST, DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST };
export const OCI_CONFIG = "application/vnd.oci.image.config.v1+json";
export const OCI_LAYER = "application/vnd.oci.image.layer.v1.tar+gzip";
export const FOREIGN_LAYER = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip";

/** A manifest ready to be pushed. */
export interface Manifest {
  readonly mediaType: string;
  readonly bytes: Buffer;
  readonly digest: Digest;
}

export interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly [field: string]: unknown;
}

type Fields = Readonly<Record<string, unknown>>;

/** The digest of a text, without pushing it. */
export function digestOfText(text: string | Buffer, algorithm: DigestAlgorithm = "sha256"): Digest {
  return digestOf(Buffer.from(text), algorithm);
}

/** The descriptor of a blob whose content is `text`. */
export function blob(text: string, mediaType = OCI_LAYER, algorithm: DigestAlgorithm = "sha256"): Descriptor {
  return { mediaType, digest: digestOfText(text, algorithm), size: Buffer.byteLength(text) };
}

/** The descriptor of a manifest. */
export function entry({ mediaType, bytes, digest }: Manifest, more: Fields = {}): Descriptor {
  return { mediaType, digest, size: bytes.length, ...more };
}

/** An image whose config and layers are blobs with these contents; `fields` go into the body. */
export function image(
  config: string | Descriptor,
  layers: readonly (string | Descriptor)[],
  fields: Fields = {},
): Manifest {
  const described = (content: string | Descriptor, mediaType: string): Descriptor =>
    typeof content === "string" ? blob(content, mediaType) : content;
  return manifest({
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    config: described(config, OCI_CONFIG),
    layers: layers.map((layer) => described(layer, OCI_LAYER)),
    ...fields,
  });
}

export function index(manifests: readonly Descriptor[], fields: Fields = {}): Manifest {
  return manifest({ schemaVersion: 2, mediaType: OCI_INDEX, manifests, ...fields });
}

/** Any body as a manifest, under its own media type unless another is named. */
export function manifest(
  body: Fields,
  mediaType = typeof body["mediaType"] === "string" ? body["mediaType"] : "",
): Manifest {
  const bytes = Buffer.from(JSON.stringify(body));
  return { mediaType, bytes, digest: digestOf(bytes) };
}

/** What every answer with a manifest says of it. */
export function headersOf({ mediaType, bytes, digest }: Manifest): Readonly<Record<string, string>> {
  return {
    "Content-Type": mediaType,
    "Content-Length": String(bytes.length),
    "Docker-Content-Digest": digest,
    ETag: `"${digest}"`,
  };
}
