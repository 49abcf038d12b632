import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { postgresGarbage } from "../../src/adapters/postgres/garbage.ts";
import { composePorts, DELETION_GRACE } from "../../src/composition/ports.ts";
import type { State } from "../../src/composition/state.ts";
import { openStorage } from "../../src/composition/storage.ts";
import { type CollectionGraces, type CollectionRound, collectGarbage } from "../../src/gc/collect.ts";
import { type Digest, digestOf } from "../../src/registry/digest.ts";
import { parseReference } from "../../src/registry/manifests/pull.ts";
import { pushManifest } from "../../src/registry/manifests/push.ts";
import { parseRepositoryName } from "../../src/registry/names.ts";
import type { BlobStorage, GarbageStore, Repository } from "../../src/registry/ports/index.ts";
import { openForPush } from "../../src/registry/repositories/push-target.ts";
import type { Scope } from "../../src/registry/scope.ts";
import { Scopes } from "../../src/registry/scopes.ts";
import { type NewSession, uploadAtOnce } from "../../src/registry/uploads/start.ts";
import { makeTestHome, openTestState, type TestHome } from "./berth.ts";
import { CAUSE } from "./cause.ts";
import { HOUR, ManualClock } from "./clock.ts";
import { image, type Manifest } from "./manifests.ts";
import { startS3StandIn } from "./s3-stand-in.ts";

export const PRINCIPAL = "arn:aws:iam::000000000000:user/test";
export const GRACES: CollectionGraces = {
  uploadExpiry: 24 * HOUR,
  blobGrace: 24 * HOUR,
  deletionGrace: DELETION_GRACE,
};

/** The domain on real stores without a door and without a collector of its own: time and rounds are the test's. */
export interface TestRegistry {
  readonly home: TestHome;
  readonly database: State["database"];
  readonly clock: ManualClock;
  readonly ports: ReturnType<typeof composePorts>;
  readonly garbage: GarbageStore;
  readonly scope: Scope;
  /** One round of collection. */
  collect(graces?: CollectionGraces): Promise<CollectionRound>;
  /** Rounds until nothing is left to do at this time. */
  settle(graces?: CollectionGraces): Promise<void>;
  /** Where a push goes that may create its repository. */
  target(name: string): NewSession;
  repository(name: string): Promise<Repository>;
  pushBlob(name: string, content: string): Promise<Digest>;
  pushManifest(name: string, manifest: Manifest, reference?: string): Promise<Manifest>;
  /** An image of one config and one layer that no other `label` shares. */
  pushImage(name: string, label: string, reference?: string): Promise<Manifest>;
  /** Every key in storage. */
  stored(): Promise<readonly string[]>;
  /** Where the bytes of a blob are. */
  keyOf(name: string, digest: Digest): Promise<string | undefined>;
  close(): Promise<void>;
}

export type StorageKind = BlobStorage["name"];

export async function openTestRegistry(kind: StorageKind = "filesystem"): Promise<TestRegistry> {
  const { env, keys, close } = kind === "s3" ? await bucketStorage() : fileStorage();
  const home = await makeTestHome(env);
  const clock = new ManualClock();
  const state = await openTestState(home, clock);
  const storage = await openStorage(home.config);
  const ports = composePorts(home.config, state, storage, { warn: () => undefined, error: () => undefined });
  const garbage = postgresGarbage(state.database, storage.name);
  const { account, region } = home.config;
  const scope = await new Scopes(ports.registries, ["*"]).open({ account, region });
  const collect = (graces = GRACES): Promise<CollectionRound> =>
    collectGarbage({ ...ports, garbage }, graces);
  const registry: TestRegistry = {
    ...{ home, database: state.database, clock, ports, garbage, scope, collect },
    async settle(graces) {
      while (Object.values(await collect(graces)).some((ended) => ended > 0));
    },
    target: (name) => ({
      ...{ scope, name: parseRepositoryName(name), principal: PRINCIPAL },
      ...{ mayCreate: async () => "allowed", creation: CAUSE, completion: CAUSE },
    }),
    repository: (name) => openForPush(ports, registry.target(name)),
    async pushBlob(name, content) {
      const bytes = Buffer.from(content);
      const digest = digestOf(bytes);
      await uploadAtOnce(ports, registry.target(name), digest, chunks(bytes));
      return digest;
    },
    async pushManifest(name, manifest, reference = manifest.digest) {
      await pushManifest(ports, {
        target: registry.target(name),
        reference: parseReference(reference),
        tagParameters: [],
        contentType: manifest.mediaType,
        payload: manifest.bytes,
        conditions: { ifMatch: undefined, ifNoneMatch: undefined },
        cause: CAUSE,
      });
      return manifest;
    },
    async pushImage(name, label, reference) {
      const config = JSON.stringify({ config: label });
      await registry.pushBlob(name, config);
      await registry.pushBlob(name, `layer of ${label}`);
      return registry.pushManifest(name, image(config, [`layer of ${label}`]), reference);
    },
    stored: () => keys(home),
    async keyOf(name, digest) {
      const found = await ports.blobs.find(scope, parseRepositoryName(name), digest);
      return found.repository ? found.blob?.key : undefined;
    },
    async close() {
      await ports.hashing.close();
      await storage.close();
      await state.close();
      await home.remove();
      await close();
    },
  };
  return registry;
}

async function* chunks(bytes: Buffer): AsyncIterable<Buffer> {
  if (bytes.length > 0) yield bytes;
}

interface Storage {
  readonly env: Readonly<Record<string, string>>;
  readonly keys: (home: TestHome) => Promise<readonly string[]>;
  readonly close: () => Promise<void>;
}

function fileStorage(): Storage {
  return {
    env: {},
    async keys({ dataDir }) {
      const blobs = join(dataDir, "blobs");
      const entries = await readdir(blobs, { recursive: true, withFileTypes: true });
      return entries
        .filter((entry) => entry.isFile())
        .map(({ parentPath, name }) => join(parentPath, name).slice(blobs.length + 1))
        .sort();
    },
    close: async () => undefined,
  };
}

async function bucketStorage(): Promise<Storage> {
  const standIn = await startS3StandIn();
  return {
    env: {
      BERTH_S3_ENDPOINT: standIn.endpoint,
      BERTH_S3_REGION: standIn.region,
      BERTH_S3_BUCKET: standIn.bucket,
      BERTH_S3_ACCESS_KEY_ID: standIn.accessKeyId,
      BERTH_S3_SECRET_ACCESS_KEY: standIn.secretAccessKey,
    },
    // Keys of blobs have a slash; the probe that every start writes has none.
    keys: async () =>
      standIn
        .keys()
        .filter((key) => key.includes("/"))
        .sort(),
    close: () => standIn.close(),
  };
}
