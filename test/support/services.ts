import { randomBytes } from "node:crypto";
import pg from "pg";
import { MasterKey } from "../../src/iam/master-key.ts";

/** What a Berth process needs to run on the PostgreSQL and S3 that `.ci/with-services` starts. */
export interface ExternalServices {
  readonly env: Readonly<Record<string, string>>;
}

/** Undefined where there are none. Each call makes a database of its own; the server goes away as a whole. */
export async function externalServices(): Promise<ExternalServices | undefined> {
  const database = process.env["TEST_DATABASE_URL"];
  const endpoint = process.env["TEST_S3_ENDPOINT"];
  if (database === undefined || endpoint === undefined) return undefined;
  const name = `berth_${randomBytes(6).toString("hex")}`;
  const client = new pg.Client({ connectionString: database });
  await client.connect();
  await client.query(`CREATE DATABASE ${name}`).finally(() => client.end());
  const url = new URL(database);
  url.pathname = `/${name}`;
  return {
    env: {
      BERTH_DATABASE_URL: url.href,
      BERTH_MASTER_KEY: MasterKey.generate().toString("base64"),
      BERTH_S3_ENDPOINT: endpoint,
      BERTH_S3_BUCKET: process.env["TEST_S3_BUCKET"] ?? "",
      BERTH_S3_ACCESS_KEY_ID: process.env["TEST_S3_ACCESS_KEY_ID"] ?? "",
      BERTH_S3_SECRET_ACCESS_KEY: process.env["TEST_S3_SECRET_ACCESS_KEY"] ?? "",
    },
  };
}
