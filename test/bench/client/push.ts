import { type Blob, type Image, MANIFEST } from "../content.ts";
import type { Body, Client } from "./client.ts";
import { type Answer, headerOf } from "./response-parser.ts";

/** `docker`: HEAD, POST, PATCH in chunks, PUT; `containerd`: POST, PUT with the body. */
export type PushStyle = "docker" | "containerd";

const BYTES = { "Content-Type": "application/octet-stream" };

/** Pushes an image that the registry does not have: its blobs, then the manifest under `tag`. */
export async function pushImage(
  client: Client,
  repository: string,
  tag: string,
  image: Image,
  style: PushStyle,
): Promise<void> {
  for (const blob of [image.config, ...image.layers]) {
    if (style === "docker") await pushAsDocker(client, repository, blob);
    else await pushAtOnce(client, repository, blob);
  }
  await putManifest(client, repository, tag, image.manifest);
}

async function pushAsDocker(client: Client, repository: string, blob: Blob): Promise<void> {
  await client.expect(404, "HEAD", `/v2/${repository}/blobs/${blob.digest}`);
  await pushStream(client, repository, blob.digest, [blob.data]);
}

/** POST, one streamed PATCH, PUT. */
export async function pushStream(
  client: Client,
  repository: string,
  digest: string,
  chunks: readonly Buffer[],
): Promise<void> {
  const session = await startUpload(client, repository);
  const body: Body = { chunks };
  const patched = await client.expect(202, "PATCH", session, { headers: BYTES, body, text: true });
  await client.expect(201, "PUT", withDigest(locationOf(client, patched), digest), { text: true });
}

async function pushAtOnce(client: Client, repository: string, { digest, data }: Blob): Promise<void> {
  const path = withDigest(await startUpload(client, repository), digest);
  await client.expect(201, "PUT", path, { headers: BYTES, body: data, text: true });
}

/** Path of a new upload session. */
export async function startUpload(client: Client, repository: string): Promise<string> {
  const path = `/v2/${repository}/blobs/uploads/`;
  return locationOf(client, await client.expect(202, "POST", path, { text: true }));
}

export async function putManifest(
  client: Client,
  repository: string,
  reference: string,
  { data }: Blob,
): Promise<void> {
  const path = `/v2/${repository}/manifests/${reference}`;
  await client.expect(201, "PUT", path, { headers: { "Content-Type": MANIFEST }, body: data, text: true });
}

/** Makes the image known to `repository` without sending its blobs. */
export async function copyImage(
  client: Client,
  from: string,
  repository: string,
  tag: string,
  image: Image,
): Promise<void> {
  for (const { digest } of [image.config, ...image.layers]) {
    await client.expect(201, "POST", `/v2/${repository}/blobs/uploads/?mount=${digest}&from=${from}`, {
      text: true,
    });
  }
  await putManifest(client, repository, tag, image.manifest);
}

export function withDigest(path: string, digest: string): string {
  return `${path}${path.includes("?") ? "&" : "?"}digest=${digest}`;
}

export function locationOf(client: Client, answer: Answer): string {
  const location = headerOf(answer, "location");
  if (location === undefined) throw new Error("an upload session without a Location");
  return client.pathOf(location);
}
