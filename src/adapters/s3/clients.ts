import type { Agent } from "node:http";
import { Client } from "minio";
import type { S3Config } from "../../config.ts";
import { watchedAgent } from "./agents.ts";

const IDLE = 60_000;
/** Some servers put an object together before they answer, and say nothing until then. */
const ASSEMBLY = 600_000;

/** Ways to one bucket, with credentials. */
export interface Clients {
  /** Where the bucket is, for error texts. */
  readonly endpoint: string;
  readonly control: Client;
  /** For the call that puts an object together. */
  readonly patient: Client;
  /** Signs for the address that clients of the registry see; it never connects. */
  readonly external: Client | undefined;
  /** For bodies. */
  readonly agent: Agent;
  close(): void;
}

export function openClients(config: S3Config): Clients {
  const endpoint = config.endpoint ?? amazon(config.region);
  const pathStyle = config.pathStyle ?? config.endpoint !== undefined;
  const secure = endpoint.startsWith("https:");
  const agent = watchedAgent(secure, IDLE);
  const patientAgent = watchedAgent(secure, ASSEMBLY);
  const external = config.externalEndpoint;
  return {
    endpoint,
    control: client(config, endpoint, pathStyle, agent),
    patient: client(config, endpoint, pathStyle, patientAgent),
    external:
      external === undefined ? undefined : client(config, external, config.pathStyle ?? true, undefined),
    agent,
    close() {
      agent.destroy();
      patientAgent.destroy();
    },
  };
}

/** Headers of every new object. */
export function encryptionHeaders(encryption: S3Config["encryption"]): Readonly<Record<string, string>> {
  if (encryption === undefined) return {};
  if (encryption === "AES256") return { "x-amz-server-side-encryption": "AES256" };
  return {
    "x-amz-server-side-encryption": "aws:kms",
    "x-amz-server-side-encryption-aws-kms-key-id": encryption.kmsKeyId,
  };
}

function client(config: S3Config, endpoint: string, pathStyle: boolean, agent: Agent | undefined): Client {
  const { protocol, hostname, port } = new URL(endpoint);
  return new Client({
    endPoint: hostname.replace(/^\[|\]$/g, ""),
    ...(port === "" ? {} : { port: Number(port) }),
    useSSL: protocol === "https:",
    accessKey: config.accessKeyId,
    secretKey: config.secretAccessKey,
    region: config.region,
    pathStyle,
    // Its own retries write to the console.
    retryOptions: { disableRetry: true },
    ...(agent === undefined ? {} : { transportAgent: agent }),
  });
}

/** The regional name: minio's table of regions does not know the newer ones. */
function amazon(region: string): string {
  return `https://s3.${region}.amazonaws.com${region.startsWith("cn-") ? ".cn" : ""}`;
}
