import { createHash, type Hash, randomBytes, randomFillSync } from "node:crypto";

export const MANIFEST = "application/vnd.oci.image.manifest.v1+json";
const CONFIG = "application/vnd.oci.image.config.v1+json";
const LAYER = "application/vnd.oci.image.layer.v1.tar+gzip";

export interface Blob {
  readonly data: Buffer;
  readonly digest: string;
}

export interface Image {
  readonly config: Blob;
  readonly layers: readonly Blob[];
  readonly manifest: Blob;
}

/** Bytes with their digest. */
export function blobOf(data: Buffer): Blob {
  return { data, digest: `sha256:${createHash("sha256").update(data).digest("hex")}` };
}

/** An image that no registry has seen. */
export function newImage(layerCount: number, layerBytes: number): Image {
  const layers = Array.from({ length: layerCount }, () => blobOf(randomBytes(layerBytes)));
  const created = new Date().toISOString();
  const config = blobOf(
    Buffer.from(
      JSON.stringify({
        ...{ created, architecture: "amd64", os: "linux" },
        config: { Env: ["PATH=/usr/local/bin:/usr/bin:/bin"], Cmd: ["/bin/sh"] },
        rootfs: { type: "layers", diff_ids: layers.map(({ digest }) => digest) },
        history: layers.map((_, step) => ({ created, created_by: `/bin/sh -c step ${step}` })),
      }),
    ),
  );
  const describe = (mediaType: string, { digest, data }: Blob): object => ({
    ...{ mediaType, digest, size: data.length },
  });
  const manifest = blobOf(
    Buffer.from(
      JSON.stringify({
        ...{ schemaVersion: 2, mediaType: MANIFEST },
        config: describe(CONFIG, config),
        layers: layers.map((layer) => describe(LAYER, layer)),
      }),
    ),
  );
  return { config, layers, manifest };
}

/** A layer too big to be made anew each time: the same random bytes in pieces, and a tail that makes it unique. */
export interface BigLayer {
  readonly pieces: readonly Buffer[];
  readonly digest: string;
  readonly size: number;
}

const PIECE = 256 * 1024;
const TAIL = 64;

/** Makes big layers of one size; the second one costs nothing. */
export class BigLayers {
  readonly size: number;
  #body: readonly Buffer[] | undefined;
  #hash: Hash = createHash("sha256");

  constructor(size: number) {
    this.size = size;
  }

  next(): BigLayer {
    this.#body ??= this.#makeBody();
    const tail = randomBytes(TAIL);
    const digest = `sha256:${this.#hash.copy().update(tail).digest("hex")}`;
    return { pieces: [...this.#body, tail], digest, size: this.size };
  }

  #makeBody(): readonly Buffer[] {
    const body: Buffer[] = [];
    for (let left = this.size - TAIL; left > 0; left -= PIECE) {
      const piece = randomFillSync(Buffer.allocUnsafeSlow(Math.min(PIECE, left)));
      this.#hash.update(piece);
      body.push(piece);
    }
    return body;
  }
}
