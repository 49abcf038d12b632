import { createHash, randomBytes } from "node:crypto";
import { image, type Manifest, OCI_CONFIG, OCI_LAYER } from "../manifests.ts";
import type { Asked } from "./client.ts";

/** What a path must answer after a call was acknowledged: these bytes, or 404. */
export interface Fact {
  readonly path: string;
  readonly bytes: Buffer | undefined;
}

/** Locations of upload sessions by the name that a push gives them. */
export type Locations = Map<string, string>;

/** One request of a push. */
export interface Call {
  readonly request: (locations: Locations) => Asked;
  readonly status: number;
  /** What a repetition may be answered as well, when the first answer was lost. */
  readonly repeated?: number;
  /** The session that it opens. */
  readonly opens?: Session;
  /** The session that it ends. */
  readonly closes?: Session;
  readonly fact?: Fact;
}

/** An upload session that a push opens, and everything that is to go through it. */
export interface Session {
  readonly name: string;
  readonly bytes: Buffer;
}

/** What a client does, as the requests that it sends one after another. */
export interface Push {
  /** Done and acknowledged before the server that is to die begins. */
  readonly before: readonly Call[];
  readonly calls: readonly Call[];
}

/** A push into a repository of its own, with content that no other has. */
export type MakePush = (repository: string) => Push;

/** What docker does: a blob by POST, PATCH and empty PUT, then the manifest by tag. The registry has the config already. */
export const dockerPush: MakePush = (repository) => {
  const [config, layer] = [randomBytes(300), randomBytes(150_000)];
  return {
    before: [upload(repository, config)],
    calls: [...patched(repository, "layer", layer), tag(repository, "latest", imageOf(config, [layer]))],
  };
};

/** What others do: POST and PUT with everything, or all of it in the POST; then the manifest by digest with its tags. */
export const directPush: MakePush = (repository) => {
  const [config, layer] = [randomBytes(300), randomBytes(90_000)];
  const manifest = imageOf(config, [layer]);
  return {
    before: [],
    calls: [
      ...put(repository, "layer", layer),
      upload(repository, config),
      {
        ...putManifest(repository, `${manifest.digest}?tag=one&tag=two`, manifest),
        fact: manifestFact(repository, "two", manifest),
      },
    ],
  };
};

/** Chunks of these sizes, the last one with the PUT. */
export function chunkedPush(sizes: readonly number[]): MakePush {
  return (repository) => {
    const bytes = randomBytes(sizes.reduce((sum, size) => sum + size, 0));
    const session = { name: "chunks", bytes };
    const ends = sizes.map((_, at) => sizes.slice(0, at + 1).reduce((sum, size) => sum + size, 0));
    const chunks = ends.map((end, at) => {
      const start = end - (sizes[at] ?? 0);
      return { body: bytes.subarray(start, end), headers: { "content-range": `${start}-${end - 1}` } };
    });
    const last = chunks.pop();
    const patches = chunks.map(
      (chunk): Call => ({
        request: (locations) => ({ method: "PATCH", path: locationOf(locations, session), ...chunk }),
        status: 202,
      }),
    );
    const closing: Call = {
      request: (locations) => ({ ...closingPut(locations, session), ...last }),
      ...{ status: 201, closes: session, fact: blobFact(repository, bytes) },
    };
    return { before: [], calls: [open(repository, session), ...patches, closing] };
  };
}

/** An image whose layer another repository has already. */
export const mountingPush: MakePush = (repository) => {
  const [config, layer] = [randomBytes(300), randomBytes(20_000)];
  const source = `${repository}/source`;
  const path = `/v2/${repository}/blobs/uploads/?mount=${digestOf(layer)}&from=${encodeURIComponent(source)}`;
  return {
    before: [upload(source, layer), upload(repository, config)],
    calls: [
      { request: () => ({ method: "POST", path }), ...{ status: 201, fact: blobFact(repository, layer) } },
      tag(repository, "latest", imageOf(config, [layer])),
    ],
  };
};

/** A tag that moves from one image to the next. */
export const movingPush: MakePush = (repository) => {
  const [config, old, next] = [randomBytes(300), randomBytes(2_000), randomBytes(2_000)];
  return {
    before: [
      ...[config, old, next].map((bytes) => upload(repository, bytes)),
      tag(repository, "latest", imageOf(config, [old])),
    ],
    calls: [tag(repository, "latest", imageOf(config, [next]))],
  };
};

/** An image that is deleted by its digest, with its tag, and one of its blobs after it. */
export const deletion: MakePush = (repository) => {
  const [config, layer] = [randomBytes(300), randomBytes(2_000)];
  const manifest = imageOf(config, [layer]);
  return {
    before: [
      ...[config, layer].map((bytes) => upload(repository, bytes)),
      tag(repository, "latest", manifest),
    ],
    calls: [
      {
        request: () => ({ method: "DELETE", path: `/v2/${repository}/manifests/${manifest.digest}` }),
        ...{
          status: 202,
          repeated: 404,
          fact: { path: `/v2/${repository}/manifests/latest`, bytes: undefined },
        },
      },
      {
        request: () => ({ method: "DELETE", path: `/v2/${repository}/blobs/${digestOf(layer)}` }),
        ...{ status: 202, repeated: 404, fact: { ...blobFact(repository, layer), bytes: undefined } },
      },
    ],
  };
};

/** An upload that its client gives up. */
export const cancellation: MakePush = (repository) => {
  const session = { name: "given-up", bytes: randomBytes(50_000) };
  return {
    before: [],
    calls: [
      open(repository, session),
      patch(session),
      {
        request: (locations) => ({ method: "DELETE", path: locationOf(locations, session) }),
        ...{ status: 204, repeated: 404, closes: session },
      },
    ],
  };
};

/** A look at the readiness, which writes to the storage. */
export const readiness: MakePush = () => ({
  before: [],
  calls: [{ request: () => ({ method: "GET", path: "/readyz" }), status: 200 }],
});

export function digestOf(bytes: Buffer): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

/** The request that ends a session whose bytes are all there. */
export function closingPut(locations: Locations, session: Session): Asked {
  return { method: "PUT", path: `${locationOf(locations, session)}?digest=${digestOf(session.bytes)}` };
}

export function locationOf(locations: Locations, { name }: Session): string {
  const location = locations.get(name);
  if (location === undefined) throw new Error(`the session ${name} was never opened`);
  return location;
}

function patched(repository: string, name: string, bytes: Buffer): readonly Call[] {
  const session = { name, bytes };
  return [
    open(repository, session),
    patch(session),
    {
      request: (locations) => closingPut(locations, session),
      ...{ status: 201, closes: session, fact: blobFact(repository, bytes) },
    },
  ];
}

function put(repository: string, name: string, bytes: Buffer): readonly Call[] {
  const session = { name, bytes };
  return [
    open(repository, session),
    {
      request: (locations) => ({ ...closingPut(locations, session), body: bytes }),
      ...{ status: 201, closes: session, fact: blobFact(repository, bytes) },
    },
  ];
}

function open(repository: string, session: Session): Call {
  return {
    request: () => ({ method: "POST", path: `/v2/${repository}/blobs/uploads/` }),
    ...{ status: 202, opens: session },
  };
}

function patch(session: Session): Call {
  return {
    request: (locations) => ({ method: "PATCH", path: locationOf(locations, session), body: session.bytes }),
    status: 202,
  };
}

function upload(repository: string, bytes: Buffer): Call {
  const path = `/v2/${repository}/blobs/uploads/?digest=${digestOf(bytes)}`;
  return {
    request: () => ({ method: "POST", path, body: bytes }),
    ...{ status: 201, fact: blobFact(repository, bytes) },
  };
}

function tag(repository: string, name: string, manifest: Manifest): Call {
  return {
    ...putManifest(repository, name, manifest),
    fact: manifestFact(repository, name, manifest),
  };
}

function putManifest(repository: string, reference: string, manifest: Manifest): Call {
  const path = `/v2/${repository}/manifests/${reference}`;
  const headers = { "content-type": manifest.mediaType };
  return { request: () => ({ method: "PUT", path, headers, body: manifest.bytes }), status: 201 };
}

function blobFact(repository: string, bytes: Buffer): Fact {
  return { path: `/v2/${repository}/blobs/${digestOf(bytes)}`, bytes };
}

function manifestFact(repository: string, reference: string, { bytes }: Manifest): Fact {
  return { path: `/v2/${repository}/manifests/${reference}`, bytes };
}

function imageOf(config: Buffer, layers: readonly Buffer[]): Manifest {
  const described = (bytes: Buffer, mediaType: string) => ({
    mediaType,
    digest: digestOf(bytes),
    size: bytes.length,
  });
  return image(
    described(config, OCI_CONFIG),
    layers.map((layer) => described(layer, OCI_LAYER)),
  );
}
