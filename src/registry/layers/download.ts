import { blobUnknown } from "../blobs.ts";
import type { Digest } from "../digest.ts";
import { RegistryError } from "../errors.ts";
import type { RepositoryName } from "../names.ts";
import type { RegistryPorts, StoredBlob } from "../ports/index.ts";
import { repositoryUnknown } from "../repositories/errors.ts";
import type { Scope } from "../scope.ts";

/**
 * A layer that a URL may be given away for. One that no image names yet is for who pushes it alone.
 * @throws RegistryError NAME_UNKNOWN, BLOB_UNKNOWN, LAYER_INACCESSIBLE
 */
export async function layerToDownload(
  { blobs }: Pick<RegistryPorts, "blobs">,
  scope: Scope,
  name: RepositoryName,
  digest: Digest,
): Promise<StoredBlob> {
  const { repository, blob, isNamed } = await blobs.findNamed(scope, name, digest);
  if (!repository) throw repositoryUnknown(scope.account, name);
  if (blob === undefined) throw blobUnknown(name, digest);
  if (isNamed) return blob;
  throw new RegistryError(
    "LAYER_INACCESSIBLE",
    `the layer ${digest} is named by no image of the repository ${name}: it can be downloaded once one is pushed that has it`,
    { detail: { digest } },
  );
}
