import { expect } from "vitest";
import { callEcrApi, type Keys } from "../../access/aws-client.ts";
import { ADMINISTRATOR, type TestBerth } from "../../support/berth.ts";
import { startS3StandIn } from "../../support/s3-stand-in.ts";

type Members = Readonly<Record<string, unknown>>;

/** Calls of ECR about layers of one repository, as the administrator or whoever has `keys` makes them. */
export interface LayerClient {
  readonly repository: string;
  /** The output of a call that must succeed. */
  ask(operation: string, input?: Members): Promise<Members>;
  /** All members of the exception of a call that must be refused. */
  refused(operation: string, input?: Members): Promise<Members>;
  begin(): Promise<string>;
  /** A part that begins at `first`, up to the last of its bytes unless `more` says otherwise. */
  part(uploadId: string, first: number, bytes: Buffer, more?: Members): Members;
  /** A whole upload of parts, one after the other. */
  upload(parts: readonly Buffer[], digests: readonly string[]): Promise<Members>;
}

export function layerClient(
  { url }: Pick<TestBerth, "url">,
  repositoryName: string,
  keys: Keys = ADMINISTRATOR,
): LayerClient {
  const call = async (operation: string, input: Members): Promise<{ status: number; body: Members }> => {
    const { status, text } = await callEcrApi(url, operation, { repositoryName, ...input }, keys);
    return { status, body: JSON.parse(text) };
  };
  const client: LayerClient = {
    repository: repositoryName,
    async ask(operation, input = {}) {
      const { status, body } = await call(operation, input);
      expect([status, body]).toEqual([200, body]);
      return body;
    },
    async refused(operation, input = {}) {
      const { status, body } = await call(operation, input);
      expect([status, body]).toEqual([400, body]);
      return body;
    },
    begin: async () => (await client.ask("InitiateLayerUpload"))["uploadId"] as string,
    part: (uploadId, partFirstByte, bytes, more = {}) => ({
      ...{ uploadId, partFirstByte, partLastByte: partFirstByte + bytes.length - 1 },
      ...{ layerPartBlob: bytes.toString("base64"), ...more },
    }),
    async upload(parts, layerDigests) {
      const uploadId = await client.begin();
      let first = 0;
      for (const bytes of parts) {
        await client.ask("UploadLayerPart", client.part(uploadId, first, bytes));
        first += bytes.length;
      }
      return client.ask("CompleteLayerUpload", { uploadId, layerDigests });
    },
  };
  return client;
}

/** Storages that the operations are tried on. */
export const STORAGES = ["files", "S3", "S3 that clients reach"] as const;

/** What puts a server on a storage, and takes the storage away again. */
export async function storageEnv(
  kind: (typeof STORAGES)[number],
): Promise<{ readonly env: Readonly<Record<string, string>>; close(): Promise<void> }> {
  if (kind === "files") return { env: {}, close: async () => undefined };
  const standIn = await startS3StandIn();
  const { endpoint, region, bucket, accessKeyId, secretAccessKey } = standIn;
  const env = {
    ...{ BERTH_S3_ENDPOINT: endpoint, BERTH_S3_REGION: region, BERTH_S3_BUCKET: bucket },
    ...{ BERTH_S3_ACCESS_KEY_ID: accessKeyId, BERTH_S3_SECRET_ACCESS_KEY: secretAccessKey },
    ...(kind === "S3" ? {} : { BERTH_S3_EXTERNAL_ENDPOINT: endpoint }),
  };
  return { env, close: () => standIn.close() };
}
