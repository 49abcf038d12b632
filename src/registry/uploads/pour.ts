import { RegistryError } from "../errors.ts";
import type { RunningHash, UploadAttempt } from "../ports/index.ts";
import type { SignsOfLife } from "./signs-of-life.ts";

/** A request's body. */
export interface UploadBody {
  /** Chunks in order; throws when the client hangs up. */
  readonly chunks: AsyncIterable<Buffer>;
  /** Bytes that must come, when the request says so by `Content-Range`. */
  readonly length: number | undefined;
}

/** Where the bytes of a body go. */
interface Sinks {
  readonly hash: RunningHash | undefined;
  readonly writer: UploadAttempt;
  readonly signs: SignsOfLife;
}

/** Sends a body on, piece by piece. `interrupted`: the client hung up, and what came until then is whole. */
export async function pour(
  body: UploadBody,
  offset: number,
  max: number,
  { hash, writer, signs }: Sinks,
): Promise<{ size: number; interrupted: unknown }> {
  let size = offset;
  const source = body.chunks[Symbol.asyncIterator]();
  for (;;) {
    let next: IteratorResult<Buffer>;
    try {
      next = await source.next();
    } catch (interrupted) {
      // What a client left behind of a chunk with a declared range is no chunk.
      if (body.length !== undefined) throw interrupted;
      return { size, interrupted };
    }
    if (next.done === true) break;
    size += next.value.length;
    try {
      if (size > max) throw tooLarge(max);
      const hashed = hash?.update(next.value);
      if (hashed !== undefined) await hashed;
      await writer.write(next.value);
      const signed = signs.give();
      if (signed !== undefined) await signed;
    } catch (error) {
      // Lets go of the body: its sender gets to read the answer only if somebody takes the rest.
      await source.return?.();
      throw error;
    }
  }
  if (body.length !== undefined && size - offset !== body.length) {
    throw new RegistryError(
      "SIZE_INVALID",
      `Content-Range announces ${body.length} bytes, ${size - offset} came`,
    );
  }
  return { size, interrupted: undefined };
}

function tooLarge(max: number): RegistryError {
  return new RegistryError("BLOB_TOO_LARGE", `a blob has at most ${max} bytes`);
}
