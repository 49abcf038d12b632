import { Client } from "../client/client.ts";
import { type Image, MANIFEST } from "../content.ts";
import type { Operation } from "../measure/load.ts";
import type { Fixtures } from "./fixtures.ts";
import type { Scenario } from "./scenario.ts";

/** What docker accepts. */
export const ACCEPT = `Accept: ${MANIFEST}, application/vnd.oci.image.index.v1+json, application/vnd.docker.distribution.manifest.v2+json, application/vnd.docker.distribution.manifest.list.v2+json\r\n`;

/** One small request over and over. */
export const READS: readonly Scenario[] = [
  read("manifest-get-tag", "GET of a manifest by tag", "GET", () => "manifests/v0"),
  read("manifest-get-digest", "GET of it by digest", "GET", ({ manifest }) => `manifests/${manifest.digest}`),
  read("manifest-head-tag", "HEAD of it by tag", "HEAD", () => "manifests/v0"),
  read("blob-head", "HEAD of a layer", "HEAD", ({ layers }) => `blobs/${layers[0]?.digest}`),
];

function read(name: string, about: string, method: "GET" | "HEAD", path: (image: Image) => string): Scenario {
  return {
    ...{ name, about, unit: "requests/s", users: 16 },
    async prepare(fixtures) {
      const image = await firstImage(fixtures);
      const request = new Client(fixtures.endpoint).prepare(
        method,
        `/v2/${fixtures.repository("images")}/${path(image)}`,
        ACCEPT,
      );
      return repeat(request, method === "HEAD" ? 0 : image.manifest.data.length);
    },
  };
}

async function firstImage(fixtures: Fixtures): Promise<Image> {
  const [image] = await fixtures.images();
  if (image === undefined) throw new Error("no images");
  return image;
}

/** Sends a request again and again, and demands an answer of that length. */
export function repeat(request: Buffer, length: number): Operation {
  return async (client) => {
    const { bytes } = await client.repeat(request, length === 0);
    if (bytes !== length) throw new Error(`an answer of ${bytes} bytes, not ${length}`);
    return bytes;
  };
}
