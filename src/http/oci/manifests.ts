import type { Digest } from "../../registry/digest.ts";
import { MANIFEST_SIZE_MAX } from "../../registry/manifest.ts";
import { deleteManifest } from "../../registry/manifests/delete.ts";
import { findManifest, parseReference, readManifest } from "../../registry/manifests/pull.ts";
import { pushManifest } from "../../registry/manifests/push.ts";
import { parseRepositoryName } from "../../registry/names.ts";
import { readBody } from "../body.ts";
import { ASK_EACH_TIME } from "../browser-headers.ts";
import { etagMatches, parseEntityTags } from "../entity-tags.ts";
import { empty, type Outcome } from "../outcome.ts";
import { creationOf } from "./creation.ts";
import { header, type OciDependencies, type OciRequest } from "./request.ts";

/** GET and HEAD (distribution-spec end-3). */
export async function getManifest(
  { ports, manifestCache, onPull }: OciDependencies,
  request: OciRequest,
  [nameText = "", referenceText = ""]: readonly string[],
): Promise<Outcome> {
  const name = parseRepositoryName(nameText);
  const reference = parseReference(referenceText);
  await request.authorize("getManifest", name);
  const head = await findManifest(ports, request.scope, name, reference);
  const validators = { "Docker-Content-Digest": head.digest, ETag: `"${head.digest}"`, ...ASK_EACH_TIME };
  if (etagMatches(header(request, "if-none-match"), head.digest)) return empty(304, validators);
  const headers = { "Content-Type": head.mediaType, "Content-Length": head.size, ...validators };
  if (request.incoming.method === "HEAD") return { status: 200, headers };
  const body = await readManifest(ports, manifestCache, name, head);
  ports.pullTimes.note({
    ...{ repositoryId: head.repositoryId, digest: head.digest, byTag: reference.kind === "tag" },
    ...{ principal: request.puller, at: ports.clock.now() },
  });
  onPull?.({
    ...{
      ...request.causeOf("getManifest", name),
      at: ports.clock.now(),
      decision: "allowed",
      reason: undefined,
    },
    detail: { digest: head.digest, reference: referenceText },
  });
  return { status: 200, headers, body };
}

/** PUT (end-7). */
export async function putManifest(
  dependencies: OciDependencies,
  request: OciRequest,
  [nameText = "", referenceText = ""]: readonly string[],
): Promise<Outcome> {
  const { ports } = dependencies;
  const name = parseRepositoryName(nameText);
  const reference = parseReference(referenceText);
  await request.authorize("putManifest", name);
  const payload = await readBody(request.incoming, MANIFEST_SIZE_MAX);
  const pushed = await pushManifest(ports, {
    target: {
      ...{ scope: request.scope, name },
      mayCreate: () => creationOf(dependencies, request, name),
      creation: request.causeOf("createRepository", name),
    },
    reference,
    tagParameters: request.query.getAll("tag"),
    contentType: (header(request, "content-type") ?? "").split(";", 1)[0]?.trim().toLowerCase() ?? "",
    payload,
    conditions: {
      ifMatch: parseEntityTags(header(request, "if-match")),
      ifNoneMatch: parseEntityTags(header(request, "if-none-match")),
    },
    cause: request.causeOf("putManifest", name),
  });
  return empty(201, {
    Location: request.locate(
      `/v2/${name}/manifests/${reference.kind === "tag" ? reference.tag : pushed.digest}`,
    ),
    "Docker-Content-Digest": pushed.digest,
    ETag: `"${pushed.digest}"`,
    ...subjectHeader(pushed.subject),
    ...(pushed.tags.length === 0 ? {} : { "OCI-Tag": pushed.tags }),
  });
}

/** DELETE by tag or digest (end-9). */
export async function removeManifest(
  { ports }: OciDependencies,
  request: OciRequest,
  [nameText = "", referenceText = ""]: readonly string[],
): Promise<Outcome> {
  const name = parseRepositoryName(nameText);
  const reference = parseReference(referenceText);
  await request.authorize("deleteManifest", name);
  await deleteManifest(ports, request.scope, name, reference, request.causeOf("deleteManifest", name));
  return empty(202);
}

function subjectHeader(subject: Digest | undefined): Readonly<Record<string, string>> {
  return subject === undefined ? {} : { "OCI-Subject": subject };
}
