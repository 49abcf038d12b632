import { Client } from "minio";
import { describe } from "vitest";
import { openS3Storage } from "../../../src/adapters/s3/index.ts";
import type { S3Config } from "../../../src/config.ts";
import { startS3StandIn } from "../../support/s3-stand-in.ts";
import { describeBlobStorage, type StorageKind } from "./contract.ts";
import { configOf } from "./s3-config.ts";

describeBlobStorage("S3 (stand-in)", async () => {
  const server = await startS3StandIn();
  return kindOf(configOf(server), true, () => server.close());
});

const {
  TEST_S3_ENDPOINT: endpoint,
  TEST_S3_ACCESS_KEY_ID: accessKeyId,
  TEST_S3_SECRET_ACCESS_KEY: secretAccessKey,
  TEST_S3_BUCKET: bucket,
} = process.env;

if (endpoint && accessKeyId && secretAccessKey && bucket) {
  const region = "us-east-1";
  const config = configOf({ ...{ endpoint, accessKeyId, secretAccessKey, bucket, region } });
  describeBlobStorage(`S3 (${endpoint})`, async () => kindOf(config, false, async () => undefined));
} else {
  describe.skip("S3 (a real server): TEST_S3_ENDPOINT and its companions are not set");
}

function kindOf(config: S3Config, abortsExactly: boolean, close: () => Promise<void>): StorageKind {
  const url = new URL(config.endpoint ?? "");
  const client = new Client({
    ...{ endPoint: url.hostname, port: Number(url.port), useSSL: url.protocol === "https:" },
    ...{ accessKey: config.accessKeyId, secretKey: config.secretAccessKey, region: config.region },
  });
  return {
    open: (options) => openS3Storage({ ...config, ...options }),
    async stored(prefix) {
      const found: string[] = [];
      for (const key of [prefix, `${prefix}-tail`]) {
        await client.statObject(config.bucket, key).then(
          () => found.push(key),
          () => undefined,
        );
      }
      const upload = await client.findUploadId(config.bucket, prefix);
      return upload === undefined ? found : [...found, `${prefix} (unfinished)`];
    },
    unbudgeted: 64 * 1024,
    abortsExactly,
    close,
  };
}
