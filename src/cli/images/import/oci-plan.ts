import type { Digest } from "../../../registry/digest.ts";
import { type Descriptor, parseManifest } from "../../../registry/manifest.ts";
import { ImageError } from "../errors.ts";
import { DEPTH_MAX, PARTS_MAX } from "../limits.ts";
import { isIndex, isManifest } from "../manifest-kinds.ts";
import { type IndexEntry, indexEntries } from "../platform.ts";
import type { Catalog } from "./catalog.ts";

export interface PlannedManifest {
  readonly descriptor: Descriptor;
  readonly bytes: Buffer;
}

export interface PlannedBlob {
  readonly descriptor: Descriptor;
  /** The manifest that names it first. */
  readonly wantedBy: Digest;
}

/** What a manifest needs so that a registry takes it. */
export interface OciPlan {
  /** Children before parents, the root last. */
  readonly manifests: readonly PlannedManifest[];
  readonly blobs: readonly PlannedBlob[];
  /** Children of indexes that are not in the tar. */
  readonly absent: readonly { readonly child: IndexEntry; readonly index: Digest }[];
}

/**
 * Follows a root through the tar. Names are verified digests, so there are no true circles; width and depth are bounded.
 * @throws ImageError or RegistryError naming the manifest that is wrong
 */
export function planOci(catalog: Catalog, root: Descriptor): OciPlan {
  const walk = new Walk(catalog);
  walk.root(root);
  return walk;
}

class Walk implements OciPlan {
  readonly manifests: PlannedManifest[] = [];
  readonly blobs: PlannedBlob[] = [];
  readonly absent: { child: IndexEntry; index: Digest }[] = [];
  readonly #catalog: Catalog;
  readonly #seen = new Map<Digest, number>();

  constructor(catalog: Catalog) {
    this.#catalog = catalog;
  }

  root(descriptor: Descriptor): void {
    if (!this.#manifest(descriptor, undefined, 0)) {
      throw new ImageError(
        `the tar does not hold the manifest ${descriptor.digest} that its index.json names`,
      );
    }
  }

  /** False: it is not in the tar. */
  #manifest(descriptor: Descriptor, parent: Digest | undefined, depth: number): boolean {
    const { digest, mediaType } = descriptor;
    if (!this.#isNew(descriptor, parent)) return true;
    if (depth > DEPTH_MAX) throw new ImageError(`indexes lie in indexes more than ${DEPTH_MAX} levels deep`);
    const file = this.#catalog.blob(digest);
    if (file === undefined) return false;
    if (file.json === undefined) throw new ImageError(`the manifest ${digest} is no JSON of at most 4 MiB`);
    checkSize(descriptor, file.size);
    const view = parseManifest(file.json, mediaType);
    for (const child of isIndex(view.mediaType) ? indexEntries(file.json, mediaType) : []) {
      if (!isManifest(child.mediaType)) this.#blob(child, digest);
      else if (!this.#manifest(child, digest, depth + 1)) this.absent.push({ child, index: digest });
    }
    for (const blob of view.blobs) this.#blob(blob, digest);
    this.manifests.push({ descriptor, bytes: file.json });
    return true;
  }

  #blob(descriptor: Descriptor, wantedBy: Digest): void {
    if (!this.#isNew(descriptor, wantedBy)) return;
    const file = this.#catalog.blob(descriptor.digest);
    if (file !== undefined) checkSize(descriptor, file.size);
    this.blobs.push({ descriptor, wantedBy });
  }

  #isNew({ digest, size }: Descriptor, parent: Digest | undefined): boolean {
    const known = this.#seen.get(digest);
    if (known !== undefined && known !== size) {
      throw new ImageError(
        `${parent} says that ${digest} has ${size} bytes, another manifest that it has ${known}`,
      );
    }
    this.#seen.set(digest, size);
    if (this.#seen.size > PARTS_MAX)
      throw new ImageError(`the image has more than ${PARTS_MAX} manifests and blobs`);
    return known === undefined;
  }
}

function checkSize({ digest, size }: Descriptor, found: number): void {
  if (size !== found)
    throw new ImageError(`${digest} has ${found} bytes in the tar, but its descriptor says ${size}`);
}
