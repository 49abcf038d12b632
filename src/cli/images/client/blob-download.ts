import type { IncomingMessage } from "node:http";
import { type Digest, digestAlgorithm, finishHash, newHash } from "../../../registry/digest.ts";
import type { Chunks } from "../chunks.ts";
import { ImageError } from "../errors.ts";
import type { RegistryClient } from "./registry-client.ts";
import { ResponseError } from "./response-error.ts";

const RESUMES_MAX = 2;

/**
 * Exactly the `size` bytes of a blob, verified: the last chunk is followed by an error when the digest is another.
 * A transfer that breaks is taken up again where it broke, twice.
 */
export async function* downloadBlob(
  client: RegistryClient,
  digest: Digest,
  size: number,
): AsyncGenerator<Buffer> {
  const algorithm = digestAlgorithm(digest);
  const hash = newHash(algorithm);
  let received = 0;
  for (let resumes = 0; ; resumes++) {
    try {
      for await (const chunk of bytesFrom(await client.getBlob(digest, received), received)) {
        received += chunk.length;
        if (received > size)
          throw new ImageError(`the blob ${digest} has more than the ${size} bytes that its descriptor says`);
        hash.update(chunk);
        yield chunk;
      }
      if (received >= size) break;
      throw new Error(`the transfer ended after ${received} of ${size} bytes`);
    } catch (error) {
      if (error instanceof ImageError && !(error instanceof ResponseError && error.status >= 500))
        throw error;
      if (resumes === RESUMES_MAX) {
        throw new ImageError(
          `the download of ${digest} broke ${resumes + 1} times, at last after ${received} bytes: ${(error as Error).message}`,
          { cause: error },
        );
      }
    }
  }
  const found = finishHash(algorithm, hash);
  if (found !== digest) throw new ImageError(`the registry sent bytes of digest ${found} for ${digest}`);
}

/** The bytes from `offset` on, also when the server ignored the range. */
async function* bytesFrom(response: IncomingMessage, offset: number): AsyncGenerator<Buffer> {
  const begins =
    response.statusCode === 206 ? /^bytes (\d+)-/.exec(response.headers["content-range"] ?? "")?.[1] : "0";
  let skip = offset - Number(begins);
  if (!(skip >= 0)) throw new ImageError("the registry answered with another range than the one asked for");
  for await (const chunk of response as Chunks) {
    const rest = chunk.subarray(Math.min(skip, chunk.length));
    skip -= chunk.length - rest.length;
    if (rest.length > 0) yield rest;
  }
}
