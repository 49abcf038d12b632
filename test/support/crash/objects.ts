import { randomBytes } from "node:crypto";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { Client } from "minio";
import { PROBE_FILE } from "../../../src/adapters/filesystem/index.ts";
import { PROBE_KEY } from "../../../src/adapters/s3/index.ts";
import { type S3StandIn, startS3StandIn } from "../s3-stand-in.ts";

/** A storage from the outside: what is in it, whoever put it there. */
export interface Objects {
  /** What a server is configured with to use it; the data directory is given separately. */
  readonly env: Readonly<Record<string, string>>;
  /** Keys of all objects, sorted. */
  keys(): Promise<readonly string[]>;
  /** Multipart uploads that were neither completed nor aborted. */
  unfinished(): Promise<number>;
  close(): Promise<void>;
}

/** The files below a data directory. */
export function filesOf(dataDir: string): Objects {
  const root = join(dataDir, "blobs");
  return {
    env: {},
    async keys() {
      const found = await readdir(root, { recursive: true });
      const files = await Promise.all(
        found.map(async (name) => ((await stat(join(root, name))).isFile() ? [name] : [])),
      );
      return files
        .flat()
        .filter((name) => name !== PROBE_FILE)
        .sort();
    },
    unfinished: async () => 0,
    close: async () => undefined,
  };
}

/** The bucket of the stand-in. */
export async function standInObjects(): Promise<Objects & { readonly server: S3StandIn }> {
  const server = await startS3StandIn();
  return {
    server,
    env: s3Env(server),
    keys: async () => server.keys().filter((key) => key !== PROBE_KEY),
    unfinished: async () => server.unfinishedUploads(),
    close: () => server.close(),
  };
}

/** A bucket of its own on the real server that the run was given; undefined when it was given none. */
export async function realObjects(): Promise<Objects | undefined> {
  const endpoint = process.env["TEST_S3_ENDPOINT"];
  if (endpoint === undefined) return undefined;
  const bucket = `crash-${randomBytes(6).toString("hex")}`;
  const accessKeyId = process.env["TEST_S3_ACCESS_KEY_ID"] ?? "";
  const secretAccessKey = process.env["TEST_S3_SECRET_ACCESS_KEY"] ?? "";
  const { hostname, port, protocol } = new URL(endpoint);
  const client = new Client({
    ...{ endPoint: hostname, port: Number(port), useSSL: protocol === "https:", pathStyle: true },
    ...{ accessKey: accessKeyId, secretKey: secretAccessKey, region: "us-east-1" },
  });
  await client.makeBucket(bucket);
  return {
    env: s3Env({ endpoint, bucket, accessKeyId, secretAccessKey }),
    async keys() {
      const found: string[] = [];
      for await (const { name } of client.listObjectsV2(bucket, "", true)) found.push(name);
      return found.filter((name) => name !== undefined && name !== PROBE_KEY).sort();
    },
    async unfinished() {
      let count = 0;
      for await (const _ of client.listIncompleteUploads(bucket, "", true)) count++;
      return count;
    },
    close: async () => undefined,
  };
}

export function s3Env(
  server: Pick<S3StandIn, "endpoint" | "bucket" | "accessKeyId" | "secretAccessKey">,
): Readonly<Record<string, string>> {
  return {
    BERTH_S3_ENDPOINT: server.endpoint,
    BERTH_S3_BUCKET: server.bucket,
    BERTH_S3_ACCESS_KEY_ID: server.accessKeyId,
    BERTH_S3_SECRET_ACCESS_KEY: server.secretAccessKey,
  };
}
