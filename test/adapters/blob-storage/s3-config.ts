import type { S3Config } from "../../../src/config.ts";

/** The configuration of a server whose bucket is there. */
export function configOf(
  server: Pick<S3Config, "bucket" | "accessKeyId" | "secretAccessKey" | "region"> & {
    readonly endpoint: string;
  },
): S3Config {
  const { endpoint, bucket, accessKeyId, secretAccessKey, region } = server;
  return {
    ...{ endpoint, bucket, accessKeyId, secretAccessKey, region },
    ...{ externalEndpoint: undefined, pathStyle: undefined, encryption: undefined },
  };
}
