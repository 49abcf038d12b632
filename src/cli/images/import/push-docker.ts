import { type Digest, digestOf } from "../../../registry/digest.ts";
import { DOCKER_MANIFEST, OCI_MANIFEST } from "../../../registry/media-types.ts";
import { ImageError, quote } from "../errors.ts";
import type { Archive } from "./archive.ts";
import type { Expectation, SentFile } from "./blob-sender.ts";
import type { Compression } from "./compression.ts";
import type { DockerImage, DockerLayer } from "./docker-archive.ts";
import { type PushedRoot, type PushTarget, refuseOtherDigest } from "./push-oci.ts";

/** Pushes an image of a docker-archive, its layers as they are in the tar. */
export async function pushDocker(
  archive: Archive,
  image: DockerImage,
  target: PushTarget,
): Promise<PushedRoot> {
  const { client, sender } = target;
  const digests = await sendLayers(archive, image.layers, target);
  await sender.sendBytes(image.configDigest, image.config);
  const { mediaType, bytes } = manifestOf(image, digests);
  const digest = digestOf(bytes);
  refuseOtherDigest(digest, target.digest);
  await client.putManifest(target.reference, mediaType, bytes);
  return { digest, mediaType };
}

/** The digest of each layer as it is stored, by the name of its file. */
async function sendLayers(
  archive: Archive,
  layers: readonly DockerLayer[],
  { sender }: PushTarget,
): Promise<ReadonlyMap<string, SentFile>> {
  const wanted = new Map<string, Expectation>();
  const known = new Map<string, SentFile>();
  for (const { name, compression, diffId } of archive.isSent ? [] : layers) {
    if (compression !== "tar") wanted.set(name, { diffId: true });
    else if (await sender.has(diffId)) known.set(name, { digest: diffId, diffId });
    else wanted.set(name, { digest: diffId });
  }
  const sent = new Map([...known, ...(await archive.send(wanted))]);
  for (const { name, diffId } of layers) {
    const found = sent.get(name);
    if (found?.diffId === undefined) {
      throw new ImageError(
        `the layer ${quote(name)} cannot be verified in a pipe; import the tar from a file`,
      );
    }
    if (found.diffId !== diffId) {
      throw new ImageError(
        `the layer ${quote(name)} unpacks to bytes of digest ${found.diffId}, but the config says ${diffId}`,
      );
    }
  }
  return sent;
}

const DOCKER_LAYER: Readonly<Partial<Record<Compression, string>>> = {
  tar: "application/vnd.docker.image.rootfs.diff.tar",
  gzip: "application/vnd.docker.image.rootfs.diff.tar.gzip",
};
const OCI_LAYER: Readonly<Partial<Record<Compression, string>>> = {
  tar: "application/vnd.oci.image.layer.v1.tar",
  gzip: "application/vnd.oci.image.layer.v1.tar+gzip",
  zstd: "application/vnd.oci.image.layer.v1.tar+zstd",
};

/** Docker schema 2, which every client takes; it has no zstd, so such an image becomes an OCI one. */
function manifestOf(
  { config, configDigest, layers }: DockerImage,
  sent: ReadonlyMap<string, SentFile>,
): { mediaType: string; bytes: Buffer } {
  const isDocker = layers.every(({ compression }) => compression !== "zstd");
  const mediaType = isDocker ? DOCKER_MANIFEST : OCI_MANIFEST;
  const descriptor = (type: string | undefined, size: number, digest: Digest | undefined) => ({
    mediaType: type,
    ...{ size, digest },
  });
  const configType = isDocker
    ? "application/vnd.docker.container.image.v1+json"
    : "application/vnd.oci.image.config.v1+json";
  const manifest = {
    schemaVersion: 2,
    mediaType,
    config: descriptor(configType, config.length, configDigest),
    layers: layers.map(({ name, size, compression }) =>
      descriptor((isDocker ? DOCKER_LAYER : OCI_LAYER)[compression], size, sent.get(name)?.digest),
    ),
  };
  return { mediaType, bytes: Buffer.from(JSON.stringify(manifest)) };
}
