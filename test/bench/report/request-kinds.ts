import { randomBytes } from "node:crypto";
import type { Client } from "../client/client.ts";
import { locationOf, pushStream, putManifest, startUpload, withDigest } from "../client/push.ts";
import { blobOf, type Image, newImage } from "../content.ts";
import type { Fixtures } from "../scenarios/fixtures.ts";

/** One kind of request; `prepare` does untold what must come before, and returns the request to be told. */
export interface RequestKind {
  readonly name: string;
  prepare(client: Client, fixtures: Fixtures): Promise<() => Promise<unknown>>;
}

const BYTES = { "Content-Type": "application/octet-stream" };

export const REQUEST_KINDS: readonly RequestKind[] = [
  read("GET manifest by tag", "GET", () => "manifests/v0"),
  read("GET manifest by digest", "GET", ({ manifest }) => `manifests/${manifest.digest}`),
  read("HEAD manifest by tag", "HEAD", () => "manifests/v0"),
  read("HEAD blob", "HEAD", ({ layers }) => `blobs/${layers[0]?.digest}`),
  read("GET blob", "GET", ({ layers }) => `blobs/${layers[0]?.digest}`),
  read("GET tags/list", "GET", () => "tags/list?n=100"),
  { name: "GET _catalog", prepare: async (client) => () => client.expect(200, "GET", "/v2/_catalog?n=100") },
  {
    name: "POST upload",
    prepare: async (client, fixtures) => () => startUpload(client, fixtures.repository("images")),
  },
  {
    name: "PATCH upload, 4 KiB",
    async prepare(client, fixtures) {
      const path = await startUpload(client, fixtures.repository("images"));
      const body = randomBytes(4096);
      return () => client.expect(202, "PATCH", path, { headers: BYTES, body });
    },
  },
  {
    name: "PUT upload after PATCH",
    async prepare(client, fixtures) {
      const { data: body, digest } = blobOf(randomBytes(4096));
      const session = await startUpload(client, fixtures.repository("images"));
      const patched = await client.expect(202, "PATCH", session, { headers: BYTES, body });
      const path = withDigest(locationOf(client, patched), digest);
      return () => client.expect(201, "PUT", path);
    },
  },
  {
    name: "PUT upload with its body",
    async prepare(client, fixtures) {
      const { data: body, digest } = blobOf(randomBytes(4096));
      const path = withDigest(await startUpload(client, fixtures.repository("images")), digest);
      return () => client.expect(201, "PUT", path, { headers: BYTES, body });
    },
  },
  {
    name: "POST mount",
    async prepare(client, fixtures) {
      const [from, to] = [fixtures.repository("images"), fixtures.repository("mounted")];
      const { data, digest } = blobOf(randomBytes(64));
      await pushStream(client, from, digest, [data]);
      return () => client.expect(201, "POST", `/v2/${to}/blobs/uploads/?mount=${digest}&from=${from}`);
    },
  },
  {
    name: "PUT manifest, new, by tag",
    async prepare(client, fixtures) {
      const repository = fixtures.repository("images");
      const image = newImage(2, 64);
      for (const { digest, data } of [image.config, ...image.layers]) {
        await pushStream(client, repository, digest, [data]);
      }
      return () => putManifest(client, repository, `t${image.manifest.digest.slice(7, 20)}`, image.manifest);
    },
  },
  {
    name: "PUT manifest, known, by a new tag",
    async prepare(client, fixtures) {
      const [image] = await fixtures.images();
      if (image === undefined) throw new Error("no images");
      const tag = `t${randomBytes(6).toString("hex")}`;
      return () => putManifest(client, fixtures.repository("images"), tag, image.manifest);
    },
  },
];

function read(name: string, method: "GET" | "HEAD", path: (image: Image) => string): RequestKind {
  return {
    name,
    async prepare(client, fixtures) {
      const [image] = await fixtures.images();
      if (image === undefined) throw new Error("no images");
      const whole = `/v2/${fixtures.repository("images")}/${path(image)}`;
      return () => client.expect(200, method, whole);
    },
  };
}
