import type { LRUCache } from "lru-cache";
import { type Digest, looksLikeDigest, parseDigest } from "../digest.ts";
import { RegistryError } from "../errors.ts";
import { parseTag, type RepositoryName, type Tag } from "../names.ts";
import type { ManifestHead, RegistryPorts } from "../ports/index.ts";
import { repositoryUnknown } from "../repositories/errors.ts";
import type { Scope } from "../scope.ts";

/** A tag or a digest, as the path of a manifest request has it. */
export type Reference =
  | { readonly kind: "tag"; readonly tag: Tag }
  | { readonly kind: "digest"; readonly digest: Digest };

/** @throws RegistryError DIGEST_INVALID or TAG_INVALID */
export function parseReference(text: string): Reference {
  return looksLikeDigest(text)
    ? { kind: "digest", digest: parseDigest(text) }
    : { kind: "tag", tag: parseTag(text) };
}

/** Bytes of manifests by digest: immutable, so an entry is never wrong. */
export type ManifestCache = LRUCache<Digest, Buffer>;

/** What a manifest is, without its bytes. One query. @throws RegistryError NAME_UNKNOWN, MANIFEST_UNKNOWN */
export async function findManifest(
  ports: Pick<RegistryPorts, "manifests">,
  scope: Scope,
  name: RepositoryName,
  reference: Reference,
): Promise<ManifestHead> {
  const found =
    reference.kind === "tag"
      ? await ports.manifests.findByTag(scope, name, reference.tag)
      : await ports.manifests.findByDigest(scope, name, reference.digest);
  if (!found.repository) throw repositoryUnknown(scope.account, name);
  if (found.manifest === undefined) throw manifestUnknown(name, reference);
  return found.manifest;
}

/** The bytes of a manifest that was just found. @throws RegistryError MANIFEST_UNKNOWN when it was deleted in between */
export async function readManifest(
  ports: Pick<RegistryPorts, "manifests">,
  cache: ManifestCache,
  name: RepositoryName,
  head: ManifestHead,
): Promise<Buffer> {
  const cached = cache.get(head.digest);
  if (cached !== undefined) return cached;
  const payload = await ports.manifests.payload(head.repositoryId, head.digest);
  if (payload === undefined) throw manifestUnknown(name, { kind: "digest", digest: head.digest });
  cache.set(head.digest, payload);
  return payload;
}

export function manifestUnknown(name: RepositoryName, reference: Reference): RegistryError {
  const text = reference.kind === "tag" ? reference.tag : reference.digest;
  return new RegistryError("MANIFEST_UNKNOWN", `Requested image not found: ${name} has no manifest ${text}`, {
    detail: reference.kind === "tag" ? { tag: text } : { digest: text },
  });
}
