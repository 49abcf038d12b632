import type { Digest } from "../../../registry/digest.ts";
import type { Descriptor } from "../../../registry/manifest.ts";
import type { RegistryClient } from "../client/registry-client.ts";
import { ImageError, oneLine } from "../errors.ts";
import { formatPlatform } from "../platform.ts";
import type { Progress } from "../progress.ts";
import type { Archive } from "./archive.ts";
import type { BlobSender, Expectation } from "./blob-sender.ts";
import { blobName } from "./catalog.ts";
import { type OciPlan, planOci } from "./oci-plan.ts";

export interface PushTarget {
  readonly client: RegistryClient;
  readonly sender: BlobSender;
  readonly progress: Progress;
  /** The tag, or the digest, that the root gets; it comes last. */
  readonly reference: string;
  /** The root must have this digest. */
  readonly digest: Digest | undefined;
  /** Leave out children of indexes that are nowhere, and let the registry judge. */
  readonly sparse: boolean;
}

export interface PushedRoot {
  readonly digest: Digest;
  readonly mediaType: string;
}

/** Pushes a root of an image layout with all that it names: blobs, children, the root under its reference last. */
export async function pushOci(archive: Archive, root: Descriptor, target: PushTarget): Promise<PushedRoot> {
  const { client, digest } = target;
  refuseOtherDigest(root.digest, digest);
  const plan = planOci(archive.catalog, root);
  await settleAbsent(plan, target);
  await sendBlobs(archive, plan, target);
  for (const { descriptor, bytes } of plan.manifests) {
    const reference = descriptor === root ? target.reference : descriptor.digest;
    await client.putManifest(reference, descriptor.mediaType, bytes);
  }
  return { digest: root.digest, mediaType: root.mediaType };
}

export function refuseOtherDigest(found: Digest, wanted: Digest | undefined): void {
  if (wanted !== undefined && wanted !== found) {
    throw new ImageError(`the image in the tar has the digest ${found}, not ${wanted}`);
  }
}

async function settleAbsent(plan: OciPlan, { client, sparse, progress }: PushTarget): Promise<void> {
  const missing: string[] = [];
  for (const { child, index } of plan.absent) {
    if (await client.hasManifest(child.digest)) continue;
    const what = child.platform === undefined ? child.mediaType : formatPlatform(child.platform);
    missing.push(`${child.digest} (${oneLine(what)}), a child of ${index}`);
  }
  if (missing.length === 0) return;
  if (sparse) for (const line of missing) progress.note(`left out, since the tar does not hold it: ${line}`);
  else {
    throw new ImageError(
      `neither the tar nor ${client.name} holds these parts of the image:\n${missing.map((line) => `  ${line}`).join("\n")}\n--platform os/architecture imports one platform's image; --sparse leaves them out, if the registry takes that`,
    );
  }
}

async function sendBlobs(
  archive: Archive,
  plan: OciPlan,
  { client, sender, progress }: PushTarget,
): Promise<void> {
  const wanted = new Map<string, Expectation>();
  const inMemory = new Map<Digest, Buffer>();
  for (const { descriptor, wantedBy } of plan.blobs) {
    const { digest, mayBeAbsent } = descriptor;
    const file = archive.catalog.blob(digest);
    if (file?.json !== undefined) inMemory.set(digest, file.json);
    else if (await sender.has(digest)) continue;
    else if (file !== undefined) wanted.set(blobName(digest), { digest });
    else if (mayBeAbsent) progress.note(`${digest} is left out: its layer is fetched from elsewhere`);
    else {
      throw new ImageError(`neither the tar nor ${client.name} holds ${digest}, which ${wantedBy} needs`);
    }
  }
  await archive.send(wanted);
  for (const [digest, bytes] of inMemory) await sender.sendBytes(digest, bytes);
}
