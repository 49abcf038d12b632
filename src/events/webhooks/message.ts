import { repositoryArn } from "../../iam/actions.ts";
import type { EventEnvelope } from "../envelope.ts";
import { signatureHeaders } from "./signature.ts";

/** What is sent to a webhook. */
export interface Message {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/**
 * An event as a signed HTTP request: the envelope as its body, and what routers ask for in CloudEvents' headers
 * (CloudEvents 1.0, HTTP protocol binding, binary content mode).
 */
export function messageOf(url: string, secret: string, event: EventEnvelope, at: Date): Message {
  const body = Buffer.from(JSON.stringify(event));
  return {
    url,
    body,
    headers: {
      ...{ "content-type": "application/json", "content-length": String(body.length) },
      ...{ "ce-specversion": "1.0", "ce-id": event.id, "ce-time": event.time },
      ...{ "ce-type": typeOf(event), ...sourceOf(event) },
      ...signatureHeaders(secret, event.id, at, body),
    },
  };
}

/** `aws.ecr.image-action`, of "ECR Image Action". */
function typeOf({ source, "detail-type": type }: EventEnvelope): string {
  return `${source}.${type.replace(/^ECR /, "").toLowerCase().replaceAll(" ", "-")}`;
}

/** The repository as the source, and its tag or digest as the subject; or the registry. */
function sourceOf({ account, region, detail }: EventEnvelope): Readonly<Record<string, string>> {
  const parameters = (detail["requestParameters"] ?? {}) as { readonly repositoryName?: string };
  const repository = detail["repository-name"] ?? parameters.repositoryName;
  if (typeof repository !== "string") return { "ce-source": `arn:aws:ecr:${region}:${account}:registry` };
  const subject = detail["image-tag"] ?? detail["image-digest"];
  return {
    "ce-source": repositoryArn(account, region, repository),
    ...(typeof subject === "string" ? { "ce-subject": subject } : {}),
  };
}
