import { randomBytes } from "node:crypto";
import { Client, type Endpoint } from "../client/client.ts";
import { copyImage, pushImage, pushStream, putManifest } from "../client/push.ts";
import { type BigLayer, BigLayers, type Image, newImage } from "../content.ts";
import { loadOf, type Operation } from "../measure/load.ts";
import type { Sizes } from "../options.ts";

const LAYERS = 2;
const PULLED_LAYER = 64 * 1024;
const USERS = 16;

/** What all targets get alike. */
export class SharedContent {
  readonly sizes: Sizes;
  readonly bigLayers: BigLayers;
  readonly tiny = newImage(1, 100);
  #images: readonly Image[] | undefined;

  constructor(sizes: Sizes) {
    this.sizes = sizes;
    this.bigLayers = new BigLayers(sizes.bigLayer);
  }

  get images(): readonly Image[] {
    this.#images ??= Array.from({ length: this.sizes.images }, () => newImage(LAYERS, PULLED_LAYER));
    return this.#images;
  }
}

/** What one target holds for the scenarios; pushed when it is first needed. */
export class Fixtures {
  readonly endpoint: Endpoint;
  readonly shared: SharedContent;
  readonly #prefix = `bench-${randomBytes(4).toString("hex")}`;
  readonly #made = new Map<string, Promise<unknown>>();

  constructor(endpoint: Endpoint, shared: SharedContent) {
    this.endpoint = endpoint;
    this.shared = shared;
  }

  repository(name: string): string {
    return `${this.#prefix}/${name}`;
  }

  /** Images `v0`, `v1`, … of the repository `images`. */
  images(): Promise<readonly Image[]> {
    return this.#once("images", async () => {
      const { images } = this.shared;
      await this.#push(images.length, (client, index) =>
        pushImage(
          client,
          this.repository("images"),
          `v${index}`,
          images[index] ?? images[0] ?? never(),
          "containerd",
        ),
      );
      return images;
    });
  }

  /** Four layers of the repository `big`. */
  bigLayers(): Promise<readonly BigLayer[]> {
    return this.#once("big", async () => {
      const layers = Array.from({ length: 4 }, () => this.shared.bigLayers.next());
      const client = new Client(this.endpoint);
      for (const { digest, pieces } of layers) {
        await pushStream(client, this.repository("big"), digest, pieces);
      }
      client.close();
      return layers;
    });
  }

  /** The repository `tags`, where one manifest has all the tags. */
  tags(): Promise<string> {
    return this.#once("tags", async () => {
      const repository = this.repository("tags");
      const { tiny, sizes } = this.shared;
      await this.#push(1, (client) => pushImage(client, repository, tagName(0), tiny, "containerd"));
      await this.#push(sizes.tags - 1, (client, index) =>
        putManifest(client, repository, tagName(index + 1), tiny.manifest),
      );
      return repository;
    });
  }

  /** Repositories `catalog/0000`, …, with an image each. */
  repositories(): Promise<void> {
    return this.#once("repositories", async () => {
      const { tiny, sizes } = this.shared;
      const name = (index: number): string => this.repository(`catalog/${String(index).padStart(5, "0")}`);
      await this.#push(1, (client) => pushImage(client, name(0), "latest", tiny, "containerd"));
      await this.#push(sizes.repositories - 1, (client, index) =>
        copyImage(client, name(0), name(index + 1), "latest", tiny),
      );
    });
  }

  async #push(count: number, push: (client: Client, index: number) => Promise<void>): Promise<void> {
    const operation: Operation = async (client, index) => {
      await push(client, index);
      return 0;
    };
    await loadOf(this.endpoint, USERS, count, operation);
  }

  #once<T>(name: string, make: () => Promise<T>): Promise<T> {
    const made = (this.#made.get(name) as Promise<T> | undefined) ?? make();
    this.#made.set(name, made);
    return made;
  }
}

function tagName(index: number): string {
  return `tag-${String(index).padStart(6, "0")}`;
}

function never(): never {
  throw new Error("a scenario without images");
}
