import { createHash } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { BODY_LIMITS, bodyChunks } from "../body.ts";
import { leaseOf } from "../body-memory.ts";
import { Refusal } from "../refusal.ts";
import { AwsError } from "./aws-error.ts";
import { NotBase64Error } from "./blob-decoder.ts";
import { ContentScanError, ContentScanner, type ScannedContent } from "./content-scanner.ts";

const MIB = 1024 * 1024;

/** An operation whose input is content, in one member, rather than words about it. */
export interface ContentOperation {
  readonly member: string;
  /** Bytes of a body: the content in base64, and the other members. */
  readonly bodyMax: number;
}

/** A part of 20 MiB. */
const CONTENT: Readonly<Record<string, ContentOperation>> = {
  "ecr.UploadLayerPart": { member: "layerPartBlob", bodyMax: 28 * MIB },
};

export function contentOf(route: string): ContentOperation | undefined {
  return Object.hasOwn(CONTENT, route) ? CONTENT[route] : undefined;
}

/** A body of content, taken apart. */
export interface ContentBody extends ScannedContent {
  readonly member: string;
  /** Of the body as it came, in hex. */
  readonly sha256: string;
}

/** Milliseconds within which a body of content must have come: one of 28 MiB at 1 Mbit/s. */
const CONTENT_TIME = 240_000;

/** Milliseconds that a call may take beside its own, for its content to come. */
export function contentTime({ headers }: IncomingMessage): number {
  const target = String(headers["x-amz-target"] ?? "");
  return contentOf(`ecr.${target.slice(target.lastIndexOf(".") + 1)}`) === undefined ? 0 : CONTENT_TIME;
}

/**
 * Reads a body of content. What comes is decoded and hashed piece by piece, so that it holds nobody up, and kept in memory
 * that is bounded for all of them together. It is kept, and not passed on to storage as it comes, because a signature
 * covers the whole body: before its last byte nobody has proven anything, and an upload session that whoever knows the id
 * of a key could take over would be nobody's own.
 * @throws Refusal (413, 408, 503); AwsError SerializationException
 */
export async function readContentBody(
  request: IncomingMessage,
  { member, bodyMax }: ContentOperation,
): Promise<ContentBody> {
  const size = Number(request.headers["content-length"] ?? bodyMax);
  if (size > bodyMax) throw tooLarge(bodyMax);
  // Of four characters come three bytes.
  const capacity = Math.ceil((size * 3) / 4);
  await leaseOf(request)?.reserve(capacity);
  const scanner = new ContentScanner(member, capacity);
  const hash = createHash("sha256");
  const until = performance.now() + CONTENT_TIME;
  let received = 0;
  try {
    for await (const chunk of bodyChunks(request, BODY_LIMITS, until)) {
      received += chunk.length;
      if (received > bodyMax) throw tooLarge(bodyMax);
      hash.update(chunk);
      scanner.take(chunk);
    }
    return { ...scanner.end(), member, sha256: hash.digest("hex") };
  } catch (error) {
    const isUnreadable = error instanceof ContentScanError || error instanceof NotBase64Error;
    throw isUnreadable ? new AwsError("SerializationException", error.message) : error;
  }
}

function tooLarge(max: number): Refusal {
  return new Refusal("SIZE_INVALID", `the body has more than ${max} bytes`, { status: 413 });
}
