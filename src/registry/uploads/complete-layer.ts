import type { Cause } from "../../audit/cause.ts";
import { type Digest, digestAlgorithm } from "../digest.ts";
import { RegistryError } from "../errors.ts";
import type { RegistryPorts, UploadAddress } from "../ports/index.ts";
import { completeUpload } from "./complete.ts";
import { cancelUpload } from "./start.ts";

/** What ends an upload of parts. */
export interface CompleteLayer {
  readonly address: UploadAddress;
  /** All of them must be the content's. */
  readonly digests: readonly [Digest, ...Digest[]];
  /** Why the repository gets the layer. */
  readonly cause: Cause;
}

/**
 * Ends an upload of parts by ECR's rules, which are stricter than the registry's: a wrong digest, and a layer that the
 * repository has already, end the session as well.
 * @returns the digest by which the layer is known: the first of SHA-256, which every client uses, where there is one
 * @throws RegistryError UPLOAD_EMPTY, UPLOAD_PART_TOO_SMALL, DIGEST_MISMATCH, LAYER_EXISTS, RANGE_INVALID,
 *   BLOB_UPLOAD_UNKNOWN, NAME_UNKNOWN
 */
export async function completeLayer(
  ports: RegistryPorts,
  { address, digests, cause }: CompleteLayer,
): Promise<Digest> {
  await requireParts(ports, address);
  const digest = digests.find((each) => digestAlgorithm(each) === "sha256") ?? digests[0];
  const alsoDigests = [...new Set(digests)].filter((other) => other !== digest);
  const request = { address, digest, alsoDigests, chunks: undefined, range: undefined, cause };
  try {
    if ((await completeUpload(ports, request)) === "gained") return digest;
  } catch (error) {
    const isWrong = error instanceof RegistryError && error.reason === "DIGEST_MISMATCH";
    // Where it fails the session expires.
    if (isWrong) await cancelUpload(ports, address, cause).catch(() => undefined);
    throw error;
  }
  throw new RegistryError(
    "LAYER_EXISTS",
    `The layer with digest '${digest}' already exists in the repository with name '${address.name}' in registry with id '${address.scope.account}'`,
  );
}

/** A session that is gone is left to the completion, which may have had it. */
async function requireParts({ uploads }: RegistryPorts, address: UploadAddress): Promise<void> {
  const found = await uploads.find(address);
  const session = found.repository ? found.session : undefined;
  if (session === undefined) return;
  if (session.size === 0) {
    throw new RegistryError("UPLOAD_EMPTY", `the upload ${address.id} has no bytes yet`);
  }
  if (session.parts?.hasSmall === true) {
    const message = "All layer parts except the last part should be at least 5MB";
    throw new RegistryError("UPLOAD_PART_TOO_SMALL", message);
  }
}
