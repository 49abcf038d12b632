import type { Cause } from "../../audit/cause.ts";
import type { Digest } from "../digest.ts";
import { RegistryError } from "../errors.ts";
import type { RepositoryName, Tag } from "../names.ts";
import type { RegistryPorts, RemovedManifest } from "../ports/index.ts";
import type { Scope } from "../scope.ts";
import { findManifest, manifestUnknown, type Reference } from "./pull.ts";

/** What went: a manifest with its tags, or a tag of one that stays. */
export type RemovedContent = RemovedManifest | { readonly untagged: Tag; readonly digest: Digest };

/**
 * By tag: removes the tag alone. By digest: removes the manifest with its tags (distribution-spec end-9).
 * @throws RegistryError NAME_UNKNOWN, MANIFEST_UNKNOWN, MANIFEST_REFERENCED naming the indexes that list it
 */
export async function deleteManifest(
  ports: Pick<RegistryPorts, "manifests" | "clock">,
  scope: Scope,
  name: RepositoryName,
  reference: Reference,
  cause: Cause,
): Promise<RemovedContent> {
  const at = ports.clock.now();
  if (reference.kind === "tag") {
    const digest = await ports.manifests.untag(scope, name, reference.tag, cause, at);
    if (digest !== undefined) return { untagged: reference.tag, digest };
  } else {
    const removal = await ports.manifests.delete(scope, name, reference.digest, cause, at);
    if (removal !== "unknown" && "removed" in removal) return removal.removed;
    if (removal !== "unknown") {
      throw new RegistryError(
        "MANIFEST_REFERENCED",
        `Requested image referenced by manifest list: [${removal.listedBy.join(", ")}]`,
        { detail: { digest: reference.digest, listedBy: removal.listedBy } },
      );
    }
  }
  await findManifest(ports, scope, name, reference);
  throw manifestUnknown(name, reference);
}
