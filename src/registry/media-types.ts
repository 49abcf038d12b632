/** Media types of manifests that Berth stores (OCI image specification 1.1, Docker schema 2). */
export const OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json";
export const OCI_INDEX = "application/vnd.oci.image.index.v1+json";
export const DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json";
export const DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json";

export const IMAGE_MEDIA_TYPES: readonly string[] = [OCI_MANIFEST, DOCKER_MANIFEST];
export const INDEX_MEDIA_TYPES: readonly string[] = [OCI_INDEX, DOCKER_LIST];

const RETIRED = new Map([
  [
    "application/vnd.docker.distribution.manifest.v1+json",
    "Docker schema 1 is retired; push schema 2 or OCI",
  ],
  [
    "application/vnd.docker.distribution.manifest.v1+prettyjws",
    "Docker schema 1 is retired; push schema 2 or OCI",
  ],
  [
    "application/vnd.oci.artifact.manifest.v1+json",
    "the OCI artifact manifest is retired; push an image manifest with artifactType",
  ],
]);

/** Whether an entry of an index is meant as a manifest of its own, by its media type: a blob cannot stand for it. */
export function isManifestType(mediaType: string): boolean {
  const type = mediaType.split(";", 1)[0]?.trim().toLowerCase() ?? "";
  return IMAGE_MEDIA_TYPES.includes(type) || INDEX_MEDIA_TYPES.includes(type) || RETIRED.has(type);
}

/** Whether a manifest of the type says so itself, in its field `mediaType` (Docker image manifest V2 schema 2). */
export function namesItself(mediaType: string): boolean {
  return mediaType === DOCKER_MANIFEST || mediaType === DOCKER_LIST;
}

/** Why a media type that once was a manifest's is refused, or undefined. */
export function retiredBecause(mediaType: string): string | undefined {
  return RETIRED.get(mediaType);
}

const FOREIGN =
  /^application\/vnd\.(?:docker\.image\.rootfs\.foreign\.|oci\.image\.layer\.nondistributable\.)[a-z0-9.+-]+$/;

/** Layers that a registry need not have (image-spec "Non-Distributable Layers"; Docker foreign layers). */
export function isForeignLayer(mediaType: string): boolean {
  return FOREIGN.test(mediaType);
}
