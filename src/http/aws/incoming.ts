import type { IncomingMessage } from "node:http";
import type { SignedRequest } from "../../iam/sigv4/canonical.ts";
import type { Client } from "../client.ts";

const MIB = 1024 * 1024;
/** Bytes of a body, unless its operation carries content. */
const BODY_MAX = MIB;

/** Operations whose input carries much: a manifest of 4 MiB with its quotes and line ends escaped. */
const LARGE_MAX: Readonly<Record<string, number>> = { "ecr.PutImage": 8 * MIB };

/** The most bytes that the body of an operation may have. */
export function bodyMax(route: string): number {
  return Object.hasOwn(LARGE_MAX, route) ? (LARGE_MAX[route] ?? BODY_MAX) : BODY_MAX;
}

/** A request as its signer saw it. */
export function signedRequestOf(request: IncomingMessage): SignedRequest {
  const { url = "/", method = "", headersDistinct: headers } = request;
  const mark = url.indexOf("?");
  return {
    method,
    path: mark < 0 ? url : url.slice(0, mark),
    query: mark < 0 ? "" : url.slice(mark + 1),
    headers,
  };
}

/**
 * The host headers that a client may have signed, the likeliest first: what a trusted proxy says the client sent, what
 * arrived, and the name under which Berth is reached as far as configuration and proxies tell.
 */
export function hostCandidates(request: IncomingMessage, { host, origin }: Client): readonly string[] {
  return [host, request.headers.host ?? "", origin.slice(origin.indexOf("//") + 2)];
}
