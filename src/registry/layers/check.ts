import { Turns } from "../../kernel/turns.ts";
import type { Digest } from "../digest.ts";
import type { RepositoryName } from "../names.ts";
import type { BlobPlace, RegistryPorts } from "../ports/index.ts";
import { repositoryUnknown } from "../repositories/errors.ts";
import type { Scope } from "../scope.ts";

/** Bytes of a manifest that is read to learn what a layer is. Larger ones have hundreds of layers. */
const MANIFEST_MAX = 64 * 1024;

const turns = new Turns();

/** A layer or config that a repository has. */
export interface CheckedLayer {
  readonly size: number;
  /** As a manifest of the repository names it; undefined where none does, or a very large one alone. */
  readonly mediaType: string | undefined;
}

/**
 * Which layers a repository has, for somebody who asks before a push and counts on them from then on: they stay, as after
 * a HEAD. Two queries, however many. @throws RegistryError NAME_UNKNOWN
 */
export async function checkLayers(
  { repositories, blobs, clock }: Pick<RegistryPorts, "repositories" | "blobs" | "clock">,
  scope: Scope,
  name: RepositoryName,
  digests: readonly Digest[],
): Promise<ReadonlyMap<Digest, CheckedLayer>> {
  if (digests.length === 0 && (await repositories.find(scope, name)) === undefined) {
    throw repositoryUnknown(scope.account, name);
  }
  const at = clock.now();
  const [places, ...lookups] = await Promise.all([
    blobs.findPlaces(scope, name, digests, MANIFEST_MAX),
    ...digests.map((digest) => blobs.confirm(scope, name, digest, at)),
  ]);
  const mediaTypes = new MediaTypes();
  const layers = new Map<Digest, CheckedLayer>();
  for (const found of lookups) {
    if (!found.repository) throw repositoryUnknown(scope.account, name);
    if (found.blob === undefined) continue;
    const { digest, size } = found.blob;
    const place = places.get(digest);
    const mediaType = place === undefined ? undefined : await mediaTypes.at(place);
    layers.set(digest, { size, mediaType });
  }
  return layers;
}

/** Reads each manifest once, and no two in one turn that is over. */
class MediaTypes {
  readonly #read = new Map<Buffer, Manifest>();

  async at({ payload, isEntry, position }: BlobPlace): Promise<string | undefined> {
    let manifest = this.#read.get(payload);
    if (manifest === undefined) {
      manifest = await turns.run(() => JSON.parse(payload.toString("utf8")) as Manifest);
      this.#read.set(payload, manifest);
    }
    if (isEntry) return manifest.manifests?.[position]?.mediaType;
    return position === 0 ? manifest.config?.mediaType : manifest.layers?.[position - 1]?.mediaType;
  }
}

/** What every stored manifest is checked to be, as far as it is looked at here. */
interface Manifest {
  readonly config?: { readonly mediaType: string };
  readonly layers?: readonly { readonly mediaType: string }[] | null;
  readonly manifests?: readonly { readonly mediaType: string }[] | null;
}
