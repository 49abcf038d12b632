import { mountBlob } from "../../registry/blobs.ts";
import { parseChunkRange } from "../../registry/byte-range.ts";
import { type Digest, type DigestAlgorithm, isDigestAlgorithm, parseDigest } from "../../registry/digest.ts";
import { parseRepositoryName, type RepositoryName } from "../../registry/names.ts";
import type { UploadAddress } from "../../registry/ports/index.ts";
import { repositoryUnknown } from "../../registry/repositories/errors.ts";
import { openForPush } from "../../registry/repositories/push-target.ts";
import { appendToUpload } from "../../registry/uploads/append.ts";
import { completeUpload } from "../../registry/uploads/complete.ts";
import { findSession } from "../../registry/uploads/find-session.ts";
import { cancelUpload, type NewSession, startUpload, uploadAtOnce } from "../../registry/uploads/start.ts";
import { uploadUnknown } from "../../registry/uploads/upload-errors.ts";
import { bodyChunks, hasBody } from "../body.ts";
import { empty, type Outcome } from "../outcome.ts";
import { Refusal } from "../refusal.ts";
import { uploadHeaders } from "../upload-headers.ts";
import { creationOf } from "./creation.ts";
import { header, type OciDependencies, type OciRequest } from "./request.ts";

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** POST: a session, a whole upload, or a mount (distribution-spec end-4a, end-4b, end-11). */
export async function postUpload(
  dependencies: OciDependencies,
  request: OciRequest,
  [nameText = ""]: readonly string[],
): Promise<Outcome> {
  const { ports } = dependencies;
  const name = parseRepositoryName(nameText);
  await request.authorize("startUpload", name);
  const wanted = request.query.get("mount") ?? "";
  const mount = wanted === "" ? undefined : parseDigest(wanted);
  const whole = request.query.get("digest") ?? "";
  // An empty value asks for nothing, unless there are bytes, which need a digest.
  const digest =
    whole === "" && !(request.query.has("digest") && hasBody(request.incoming))
      ? undefined
      : parseDigest(whole);
  if (digest !== undefined) {
    // Bytes that come at once need what they would need one request after the other.
    await request.authorize("patchUpload", name);
    await request.authorize("completeUpload", name);
  }
  const algorithm = algorithmOf(request.query.get("digest-algorithm"));
  const target = {
    ...{ scope: request.scope, name, principal: request.principal },
    mayCreate: () => creationOf(dependencies, request, name),
    creation: request.causeOf("createRepository", name),
    completion: request.causeOf("completeUpload", name),
  };
  if (mount !== undefined && (await tryMount(dependencies, request, target, mount))) {
    return created(request, name, mount);
  }
  if (digest !== undefined) {
    await uploadAtOnce(ports, target, digest, bodyChunks(request.incoming));
    return created(request, name, digest);
  }
  const { id } = await startUpload(ports, target, algorithm);
  return session(request, name, id, 0, 202);
}

async function tryMount(
  { ports }: OciDependencies,
  request: OciRequest,
  pushTarget: NewSession,
  digest: Digest,
): Promise<boolean> {
  // A link completes a layer as its bytes would; who may not do that is left to upload it, as with any other refusal.
  if (!(await request.may("completeUpload", pushTarget.name))) return false;
  const target = await openForPush(ports, pushTarget);
  const from = request.query.get("from");
  let source: RepositoryName | undefined;
  try {
    source = from === null || from === "" ? undefined : parseRepositoryName(from);
  } catch {
    // No repository can have such a name, and a mount that cannot be is an upload.
    return false;
  }
  const mayPullFrom = (name: RepositoryName): Promise<boolean> => request.may("mountFrom", name);
  return mountBlob(ports, request.scope, target, {
    ...{ digest, from: source, mayPullFrom, cause: pushTarget.completion },
  });
}

function algorithmOf(name: string | null): DigestAlgorithm {
  if (name === null || name === "") return "sha256";
  if (!isDigestAlgorithm(name)) {
    throw new Refusal(
      "DIGEST_INVALID",
      `digest-algorithm ${JSON.stringify(name.slice(0, 80))} is not supported`,
      {
        detail: { algorithm: name.slice(0, 80) },
      },
    );
  }
  return name;
}

/** PATCH: a stream, or a chunk in order (end-5). */
export async function patchUpload(
  { ports }: OciDependencies,
  request: OciRequest,
  captures: readonly string[],
): Promise<Outcome> {
  const address = await addressOf(ports, request, captures, "patchUpload");
  const size = await appendToUpload(ports, {
    address,
    chunks: bodyChunks(request.incoming),
    range: chunkRange(request),
  });
  return session(request, address.name, address.id, size, 202);
}

/** PUT: the last bytes, if any, and the digest of all (end-6). */
export async function putUpload(
  { ports }: OciDependencies,
  request: OciRequest,
  captures: readonly string[],
): Promise<Outcome> {
  const wanted = request.query.get("digest");
  if (wanted === null) {
    throw new Refusal("DIGEST_INVALID", "the query parameter digest is missing: it completes an upload");
  }
  const digest = parseDigest(wanted);
  const carriesBytes = hasBody(request.incoming);
  const address = await addressOf(ports, request, captures, "completeUpload");
  if (carriesBytes) await request.authorize("patchUpload", address.name);
  await completeUpload(ports, {
    address,
    digest,
    chunks: carriesBytes ? bodyChunks(request.incoming) : undefined,
    range: chunkRange(request),
    cause: request.causeOf("completeUpload", address.name),
  });
  return created(request, address.name, digest);
}

/** GET: how far a session is (end-13). */
export async function getUpload(
  { ports }: OciDependencies,
  request: OciRequest,
  captures: readonly string[],
): Promise<Outcome> {
  const address = await addressOf(ports, request, captures, "getUpload");
  const { size } = await findSession(ports, address);
  return session(request, address.name, address.id, size, 204);
}

/** DELETE: cancels a session (end-14). */
export async function deleteUpload(
  { ports }: OciDependencies,
  request: OciRequest,
  captures: readonly string[],
): Promise<Outcome> {
  const address = await addressOf(ports, request, captures, "cancelUpload");
  await cancelUpload(ports, address, request.causeOf("cancelUpload", address.name));
  return empty(204);
}

async function addressOf(
  ports: OciDependencies["ports"],
  request: OciRequest,
  [nameText = "", id = ""]: readonly string[],
  call: "patchUpload" | "completeUpload" | "getUpload" | "cancelUpload",
): Promise<UploadAddress> {
  const name = parseRepositoryName(nameText);
  await request.authorize(call, name);
  const { scope, principal } = request;
  if (!UUID.test(id)) {
    const repository = await ports.repositories.find(scope, name);
    throw repository === undefined ? repositoryUnknown(scope.account, name) : uploadUnknown(id.slice(0, 80));
  }
  return { scope, name, id, principal };
}

function chunkRange(request: OciRequest): ReturnType<typeof parseChunkRange> {
  const range = parseChunkRange(header(request, "content-range"));
  const length = header(request, "content-length");
  if (range !== undefined && length !== undefined && Number(length) !== range.end - range.start + 1) {
    throw new Refusal(
      "SIZE_INVALID",
      `Content-Length ${length} contradicts Content-Range ${range.start}-${range.end}`,
    );
  }
  return range;
}

function session(
  request: OciRequest,
  name: RepositoryName,
  id: string,
  size: number,
  status: 202 | 204,
): Outcome {
  const { Location, ...headers } = uploadHeaders({ name, id, size });
  return empty(status, { Location: request.locate(Location), ...headers });
}

function created(request: OciRequest, name: RepositoryName, digest: Digest): Outcome {
  return empty(201, {
    Location: request.locate(`/v2/${name}/blobs/${digest}`),
    "Docker-Content-Digest": digest,
  });
}
