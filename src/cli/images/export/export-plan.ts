import type { Digest } from "../../../registry/digest.ts";
import { type Descriptor, type ManifestView, parseManifest } from "../../../registry/manifest.ts";
import type { FetchedManifest, RegistryClient } from "../client/registry-client.ts";
import { ResponseError } from "../client/response-error.ts";
import { ImageError } from "../errors.ts";
import { DEPTH_MAX, JSON_TOTAL_MAX, PARTS_MAX } from "../limits.ts";
import { isManifest } from "../manifest-kinds.ts";
import type { Progress } from "../progress.ts";

export interface ExportedManifest extends FetchedManifest {
  readonly view: ManifestView;
}

/** Everything that a tar of the image holds. */
export interface ExportPlan {
  readonly root: ExportedManifest;
  /** By digest, parents before children. */
  readonly manifests: ReadonlyMap<Digest, ExportedManifest>;
  /** Each once, in the order of the manifests. */
  readonly blobs: ReadonlyMap<Digest, Descriptor>;
}

export interface PlanOptions {
  readonly client: RegistryClient;
  readonly progress: Progress;
  /** Leave out children that the registry does not have. */
  readonly sparse: boolean;
}

/** Reads a manifest and all that it names, without the blobs. @throws ImageError when a part is missing or wrong */
export async function planExport(root: ExportedManifest, options: PlanOptions): Promise<ExportPlan> {
  const walk = new Walk(root, options);
  await walk.manifest(root, 0);
  return walk;
}

export async function fetchManifest(client: RegistryClient, reference: string): Promise<ExportedManifest> {
  const fetched = await client.getManifest(reference);
  const view = parseManifest(fetched.bytes, fetched.mediaType);
  return { ...fetched, mediaType: view.mediaType, view };
}

class Walk implements ExportPlan {
  readonly root: ExportedManifest;
  readonly manifests = new Map<Digest, ExportedManifest>();
  readonly blobs = new Map<Digest, Descriptor>();
  readonly #options: PlanOptions;
  #bytes = 0;

  constructor(root: ExportedManifest, options: PlanOptions) {
    this.root = root;
    this.#options = options;
  }

  async manifest(manifest: ExportedManifest, depth: number): Promise<void> {
    if (this.manifests.has(manifest.digest)) return;
    if (depth > DEPTH_MAX) throw new ImageError(`indexes lie in indexes more than ${DEPTH_MAX} levels deep`);
    this.#bytes += manifest.bytes.length;
    if (this.manifests.size + this.blobs.size >= PARTS_MAX || this.#bytes > JSON_TOTAL_MAX) {
      throw new ImageError(
        `the image has more than ${PARTS_MAX} manifests and blobs, or ${JSON_TOTAL_MAX} bytes of manifests`,
      );
    }
    this.manifests.set(manifest.digest, manifest);
    for (const blob of manifest.view.blobs) await this.#blob(blob);
    for (const child of manifest.view.children) {
      if (isManifest(child.mediaType)) await this.#child(child, manifest.digest, depth + 1);
      else await this.#blob(child);
    }
  }

  async #child(child: Descriptor, index: Digest, depth: number): Promise<void> {
    if (this.manifests.has(child.digest)) return;
    const { client, sparse, progress } = this.#options;
    let manifest: ExportedManifest;
    try {
      manifest = await fetchManifest(client, child.digest);
    } catch (error) {
      if (!(error instanceof ResponseError && error.status === 404)) throw error;
      const what = `${child.digest}, a child of ${index}, is not in ${client.name}`;
      if (!sparse) {
        throw new ImageError(
          `${what}; --platform exports one platform's image, --sparse leaves such children out`,
        );
      }
      progress.note(`${what}: left out`);
      return;
    }
    checkSize(child, manifest.bytes.length);
    await this.manifest(manifest, depth);
  }

  async #blob(blob: Descriptor): Promise<void> {
    const known = this.blobs.get(blob.digest);
    if (known !== undefined) return checkSize(blob, known.size);
    const { client, progress } = this.#options;
    if (blob.mayBeAbsent && !(await client.hasBlob(blob.digest))) {
      progress.note(`${blob.digest} is left out: its layer is fetched from elsewhere`);
      return;
    }
    this.blobs.set(blob.digest, blob);
  }
}

function checkSize({ digest, size }: Descriptor, found: number): void {
  if (size !== found) throw new ImageError(`${digest} has ${found} bytes, but a descriptor says ${size}`);
}
