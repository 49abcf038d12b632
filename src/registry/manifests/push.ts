import type { Cause } from "../../audit/cause.ts";
import { type Digest, digestAlgorithm, digestOf } from "../digest.ts";
import { RegistryError } from "../errors.ts";
import { parseManifest } from "../manifest.ts";
import { parseTag, type Tag } from "../names.ts";
import type { ManifestChange, RegistryPorts, TagConditions } from "../ports/index.ts";
import { type PushTarget, pushInto } from "../repositories/push-target.ts";
import type { Reference } from "./pull.ts";

/** `tag` parameters of one PUT by digest (distribution-spec 1.2 asks for at least ten). */
export const TAG_PARAMETERS_MAX = 32;

export interface PushManifest {
  readonly target: PushTarget;
  readonly reference: Reference;
  /** Values of the `tag` query parameters, as sent. */
  readonly tagParameters: readonly string[];
  /** Media type without parameters, or empty. */
  readonly contentType: string;
  readonly payload: Buffer;
  readonly conditions: TagConditions;
  readonly cause: Cause;
}

export interface PushedManifest {
  readonly digest: Digest;
  readonly subject: Digest | undefined;
  /** Tags that now point at the manifest because of `tag` parameters. */
  readonly tags: readonly Tag[];
  readonly change: ManifestChange;
}

/**
 * Stores a manifest byte for byte and points tags at it, all or nothing (distribution-spec end-7).
 * What is no manifest makes no repository.
 * @throws RegistryError see {@link parseManifest}, {@link pushInto} and {@link ManifestStore.put}
 */
export async function pushManifest(ports: RegistryPorts, push: PushManifest): Promise<PushedManifest> {
  const { reference, payload } = push;
  const parameters = tagParameters(push);
  const view = parseManifest(payload, push.contentType);
  const digest = digestOfManifest(payload, reference.kind === "digest" ? reference.digest : undefined);
  const { conditions, cause } = push;
  const tags = reference.kind === "tag" ? [reference.tag] : parameters;
  const { scope, name } = push.target;
  const change = await pushInto(ports, push.target, async () => {
    const at = ports.clock.now();
    const content = { scope, name, digest, view, payload, tags };
    return ports.manifests.put({ ...content, conditions, cause, at });
  });
  return { digest, subject: view.subject, tags: parameters, change };
}

/** By the algorithm of `expected`, which it must be; else by the usual one. @throws RegistryError MANIFEST_DIGEST_WRONG */
export function digestOfManifest(payload: Buffer, expected: Digest | undefined): Digest {
  if (expected === undefined) return digestOf(payload);
  const digest = digestOf(payload, digestAlgorithm(expected));
  if (digest !== expected) {
    throw new RegistryError("MANIFEST_DIGEST_WRONG", `the manifest has digest ${digest}, not ${expected}`, {
      detail: { wanted: expected, found: digest },
    });
  }
  return digest;
}

function tagParameters(push: PushManifest): readonly Tag[] {
  if (push.tagParameters.length > TAG_PARAMETERS_MAX) {
    throw new RegistryError(
      "TAG_PARAMETERS_TOO_MANY",
      `a request has at most ${TAG_PARAMETERS_MAX} tag parameters, not ${push.tagParameters.length}`,
    );
  }
  if (push.tagParameters.length > 0 && push.reference.kind === "tag") {
    throw new RegistryError("TAG_INVALID", "tag parameters go with a manifest that is pushed by digest");
  }
  return [...new Set(push.tagParameters.map(parseTag))];
}
