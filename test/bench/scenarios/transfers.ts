import { randomBytes } from "node:crypto";
import type { Client } from "../client/client.ts";
import { type PushStyle, pushImage, pushStream } from "../client/push.ts";
import { MANIFEST, newImage } from "../content.ts";
import type { Operation } from "../measure/load.ts";
import type { Fixtures } from "./fixtures.ts";
import type { Scenario } from "./scenario.ts";

const SMALL_LAYER = 4 * 1024;

/** Whole images and big layers, in and out. */
export const TRANSFERS: readonly Scenario[] = [
  pushSmall(
    "push-small",
    "docker",
    "small images: config, 2 layers of 4 KiB, manifest; HEAD, POST, PATCH, PUT per blob",
  ),
  pushSmall("push-small-put", "containerd", "the same with POST and PUT per blob"),
  {
    name: "pull-image",
    about: "manifest by tag, config, 2 layers of 64 KiB",
    ...{ unit: "images/s", users: 16 },
    prepare: preparePullImage,
  },
  pushBig("push-big-1", "a big layer: POST, PATCH, PUT", 1),
  pushBig("push-big-4", "four at once", 4),
  pullBig("pull-big-1", "GET of a big layer", 1),
  pullBig("pull-big-4", "four at once", 4),
];

function pushSmall(name: string, style: PushStyle, about: string): Scenario {
  return {
    ...{ name, about, unit: "images/s", users: 8 },
    async prepare(fixtures) {
      const run = randomBytes(3).toString("hex");
      return async (client, index) => {
        const image = newImage(2, SMALL_LAYER);
        // A few repositories, as a few teams would have.
        const repository = fixtures.repository(`push-${run}-${index % 4}`);
        await pushImage(client, repository, `v${index}`, image, style);
        return image.manifest.data.length + 2 * SMALL_LAYER;
      };
    },
  };
}

async function preparePullImage(fixtures: Fixtures): Promise<Operation> {
  const images = await fixtures.images();
  const repository = fixtures.repository("images");
  const headers = { Accept: MANIFEST };
  return async (client, index) => {
    const number = index % images.length;
    const image = images[number];
    if (image === undefined) throw new Error("no images");
    let bytes = await get(
      client,
      `/v2/${repository}/manifests/v${number}`,
      image.manifest.data.length,
      headers,
    );
    for (const { digest, data } of [image.config, ...image.layers]) {
      bytes += await get(client, `/v2/${repository}/blobs/${digest}`, data.length);
    }
    return bytes;
  };
}

function pushBig(name: string, about: string, users: number): Scenario {
  return {
    ...{ name, about, unit: "MB/s", users, count: users === 1 ? 2 : users, leavesBigFiles: true },
    async prepare(fixtures) {
      const repository = fixtures.repository(`big-${randomBytes(3).toString("hex")}`);
      const layers = Array.from({ length: 4 }, () => fixtures.shared.bigLayers.next());
      return async (client, index) => {
        const layer = layers[index];
        if (layer === undefined) throw new Error("no layer is left to push");
        await pushStream(client, repository, layer.digest, layer.pieces);
        return layer.size;
      };
    },
  };
}

function pullBig(name: string, about: string, users: number): Scenario {
  return {
    ...{ name, about, unit: "MB/s", users, count: users === 1 ? 3 : 8 },
    async prepare(fixtures) {
      const layers = await fixtures.bigLayers();
      const repository = fixtures.repository("big");
      return async (client, index) => {
        const layer = layers[index % layers.length];
        if (layer === undefined) throw new Error("no layers");
        return get(client, `/v2/${repository}/blobs/${layer.digest}`, layer.size);
      };
    },
  };
}

async function get(
  client: Client,
  path: string,
  length: number,
  headers: Readonly<Record<string, string>> = {},
): Promise<number> {
  const { bytes } = await client.expect(200, "GET", path, { headers });
  if (bytes !== length) throw new Error(`GET ${path}: ${bytes} bytes, not ${length}`);
  return bytes;
}
