import type { Cause } from "../../audit/cause.ts";
import { type Digest, parseDigest } from "../digest.ts";
import { RegistryError } from "../errors.ts";
import { parseManifest } from "../manifest.ts";
import { digestOfManifest } from "../manifests/push.ts";
import { parseTag, type RepositoryName, type Tag } from "../names.ts";
import type { RegistryPorts } from "../ports/index.ts";
import { repositoryUnknown } from "../repositories/errors.ts";
import type { Scope } from "../scope.ts";

/** A manifest as PutImage takes it. */
export interface PutImage {
  readonly scope: Scope;
  readonly name: RepositoryName;
  readonly manifest: string;
  /** Undefined where the manifest itself says it. */
  readonly mediaType: string | undefined;
  readonly digest: string | undefined;
  readonly tag: string | undefined;
  readonly cause: Cause;
}

export interface StoredImage {
  readonly digest: Digest;
  readonly tag: Tag | undefined;
  readonly mediaType: string;
}

/** No tag's condition: whoever comes last wins. */
const UNCONDITIONAL = { ifMatch: undefined, ifNoneMatch: undefined };

/**
 * Stores an image as a push by the registry's door does, one statement, and refuses what would change nothing.
 * @throws RegistryError IMAGE_EXISTS; NAME_UNKNOWN; TAG_INVALID, DIGEST_INVALID, MANIFEST_DIGEST_WRONG; and see
 *   {@link parseManifest} and {@link ManifestStore.put}
 */
export async function putImage(
  { manifests, clock }: Pick<RegistryPorts, "manifests" | "clock">,
  { scope, name, manifest, mediaType, digest: expected, tag: tagText, cause }: PutImage,
): Promise<StoredImage> {
  const payload = Buffer.from(manifest);
  const tag = tagText === undefined ? undefined : parseTag(tagText);
  const view = parseManifest(payload, mediaType ?? "", "imageManifestMediaType");
  const wanted = expected === undefined ? undefined : parseDigest(expected, "imageDigest");
  const digest = digestOfManifest(payload, wanted);
  const change = await manifests.put({
    ...{ scope, name, digest, view, payload, tags: tag === undefined ? [] : [tag] },
    ...{ conditions: UNCONDITIONAL, cause, at: clock.now() },
  });
  if (change === undefined) throw repositoryUnknown(scope.account, name);
  if (!change.created && change.moved.length === 0) throw imageExists(scope, name, digest, tag);
  return { digest, tag, mediaType: view.mediaType };
}

/** ECR's ImageAlreadyExistsException, in its words. */
function imageExists({ account }: Scope, name: string, digest: Digest, tag: Tag | undefined): RegistryError {
  const image = `Image with digest '${digest}'${tag === undefined ? "" : ` and tag '${tag}'`}`;
  return new RegistryError(
    "IMAGE_EXISTS",
    `${image} already exists in the repository with name '${name}' in registry with id '${account}'`,
    { detail: { digest, tag } },
  );
}
