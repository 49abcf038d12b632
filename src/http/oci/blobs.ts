import { confirmBlob, deleteBlob, findBlob } from "../../registry/blobs.ts";
import { parseDigest } from "../../registry/digest.ts";
import { parseRepositoryName } from "../../registry/names.ts";
import { empty, type Outcome } from "../outcome.ts";
import type { OciDependencies, OciRequest } from "./request.ts";
import { serveBlob } from "./serve-blob.ts";

/** GET and HEAD (distribution-spec end-2), with ranges. */
export async function getBlob(
  { ports }: OciDependencies,
  request: OciRequest,
  [nameText = "", digestText = ""]: readonly string[],
): Promise<Outcome> {
  const name = parseRepositoryName(nameText);
  const digest = parseDigest(digestText);
  const isHead = request.incoming.method === "HEAD";
  await request.authorize(isHead ? "headBlob" : "getBlob", name);
  const blob = await (isHead ? confirmBlob : findBlob)(ports, request.scope, name, digest);
  return serveBlob(ports.storage, request.incoming, blob);
}

/** DELETE (end-10). */
export async function removeBlob(
  { ports }: OciDependencies,
  request: OciRequest,
  [nameText = "", digestText = ""]: readonly string[],
): Promise<Outcome> {
  const name = parseRepositoryName(nameText);
  const digest = parseDigest(digestText);
  await request.authorize("deleteBlob", name);
  await deleteBlob(ports, request.scope, name, digest, request.causeOf("deleteBlob", name));
  return empty(202);
}
