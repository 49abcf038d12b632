/** What JSON may be made of. The cost of a document is that of its pieces: text between two quotes costs next to nothing. */
export interface JsonLimits {
  /** Objects and arrays within one another. */
  readonly depth: number;
  /** Objects and arrays. */
  readonly containers: number;
  /** Members of objects and elements of arrays, altogether. */
  readonly entries: number;
  /** Bytes outside of texts: white space, numbers and what parts them. */
  readonly between: number;
}

/** A document of more, or deeper nested, pieces than its limits say. The message names the limit alone. */
export class JsonSizeError extends Error {
  override readonly name = "JsonSizeError";
}

/**
 * Counts the pieces of a document before anybody parses it, in one pass over its bytes. What is no JSON is counted as
 * if it were: its parser refuses it. @throws JsonSizeError
 */
export function boundJson(bytes: Uint8Array, limits: JsonLimits): void {
  let [depth, containers, entries, between] = [0, 0, 0, 0];
  const { length } = bytes;
  for (let at = 0; at < length; at++) {
    // Numbers as they are: a name of the module is looked up at each of millions of bytes.
    switch (bytes[at]) {
      case 0x22 /* " */:
        at = endOfString(bytes, at);
        continue;
      case 0x7b /* { */:
      case 0x5b /* [ */:
        if (++depth > limits.depth) throw new JsonSizeError(`nests deeper than ${limits.depth} levels`);
        if (++containers > limits.containers) {
          throw new JsonSizeError(`has more than ${limits.containers} objects and arrays`);
        }
        break;
      case 0x7d /* } */:
      case 0x5d /* ] */:
        depth--;
        break;
      case 0x2c /* , */:
        if (++entries > limits.entries) throw new JsonSizeError(`has more than ${limits.entries} members`);
        break;
    }
    if (++between > limits.between) {
      throw new JsonSizeError(`has more than ${limits.between} bytes outside of texts`);
    }
  }
}

/** Where the quote is that closes the string that begins at `start`; the length of the bytes where there is none. */
export function endOfString(bytes: Uint8Array, start: number): number {
  const { length } = bytes;
  for (let at = start + 1; at < length; at++) {
    const byte = bytes[at];
    if (byte === 0x22 /* " */) return at;
    if (byte === 0x5c /* \ */) at++;
  }
  return length;
}
